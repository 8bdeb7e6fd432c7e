#!/usr/bin/env python3
"""Every operation of the API, asked of a real daemon at work, answers in the shape that openapi.json describes.

A walk over a small organisation: reports come in, incidents are judged, pulled and put back. Each answer on the way is held
against the description, and at the end none of its operations may have been left out.
"""
import base64
import contextlib
import hashlib
import hmac
import http.client
import io
import json
import os
import re
import resource
import socket
import sqlite3
import struct
import subprocess
import time
import unittest
import warnings
import zipfile

import harness
import signon
import tap
from harness import demo

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import jsonschema
except ImportError:
    jsonschema = None

DESCRIPTION = os.path.join(harness.ROOT, "src", "api", "openapi.json")


def code_now(secret):
    """What an authenticator shows (RFC 6238)."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


class Described:
    """A client that believes no answer before it fits the description."""

    def __init__(self, api, test):
        self.api, self.test = api, test
        with open(DESCRIPTION, encoding="utf-8") as file:
            self.document = json.load(file)
        self.routes = [(method.upper(), re.compile(re.sub(r"\{\w+\}", "[0-9]+", path) + "$"), operation)
                       for path, item in self.document["paths"].items() for method, operation in item.items()]
        self.seen = set()

    def operation(self, method, path):
        bare = path.split("?")[0]
        bare = bare if bare == "/metrics" else "/v1" + bare
        for known, pattern, operation in self.routes:
            if known == method and pattern.match(bare):
                return operation
        raise AssertionError(f"{method} {bare} is not described")

    def schema_of(self, operation, status, media):
        answer = operation["responses"].get(str(status)) or operation["responses"]["default"]
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        content = answer.get("content")
        if content is None:
            return None
        self.test.assertIn(media, content, operation["operationId"])
        return content[media]["schema"]

    def check(self, method, path, status, headers, body):
        operation = self.operation(method, path)
        media = (headers.get("Content-Type") or "").split(";")[0]
        schema = self.schema_of(operation, status, media)
        if schema is None:
            self.test.assertIn(body, (b"", None), operation["operationId"])
        elif isinstance(body, (dict, list)):
            whole = {**schema, "components": self.document["components"]}
            errors = list(jsonschema.Draft202012Validator(whole).iter_errors(body))
            self.test.assertFalse(errors, f"{method} {path} {status}: {[e.message for e in errors][:3]}\n{body}")
        if status < 400:
            self.seen.add(operation["operationId"])

    def call(self, method, path, body=None, expect=200, headers=None):
        status, answered, document = self.api.request(method, path, body, headers)
        self.test.assertEqual(status, expect, f"{method} {path}: {document}")
        self.check(method, path, status, answered, document)
        return document

    def get(self, path, **how):
        return self.call("GET", path, **how)

    def post(self, path, body=None, expect=200, **how):
        return self.call("POST", path, body, expect, **how)

    def missing(self):
        return {operation["operationId"] for _, _, operation in self.routes} - self.seen


@unittest.skipUnless(jsonschema, "skipped: python3-jsonschema is not here")
class TheDescription(harness.SystemTest):
    def setUp(self):
        organisation = demo.Organisation(seed=11, people=12, ordinary=20)
        self.daemon = self.trawl()
        self.place = self.mail(organisation)
        self.asked = Described(self.daemon.api, self)

    def job(self, job):
        """What a job that was asked for found out."""
        path = f"/jobs/{job['id']}"
        self.daemon.wait_for(lambda: self.asked.get(path)["state"] not in ("ready", "running"), 30, job["kind"])
        return self.asked.get(path)

    def configure(self):
        asked = self.asked
        config = {"path": os.path.join(self.place.root, demo.MAILDIR_PATTERN), "quarantine_mailbox": demo.QUARANTINE,
                  "quarantine_folder": "Quarantine", "domains": [demo.DOMAIN]}
        asked.get("/mail-server-kinds")
        server = asked.post("/mail-servers", {"name": "mail", "kind": "maildir", "config": config}, 201)
        path = f"/mail-servers/{server['id']}"
        asked.get("/mail-servers?name=mail")
        asked.get(path)
        asked.call("PATCH", path, {"name": "post office"}, headers={"If-Match": f'"{server["revision"]}"'})
        asked.call("PATCH", path, {"name": "late"}, 412, headers={"If-Match": f'"{server["revision"]}"'})
        check = self.job(asked.post(path + "/check", {"mailbox": demo.ABUSE}, 202))
        self.assertEqual(check["state"], "done", check)
        self.assertTrue(all(line["what"] for line in check["result"]["lines"]), check)
        folders = self.job(asked.post(path + "/folders", {"mailbox": demo.ABUSE}, 202))
        self.assertIn("INBOX", folders["result"]["folders"])
        body = {"name": "abuse", "mail_server_id": server["id"], "mailbox": demo.ABUSE, "polling_interval": 1,
                "accepted_domains": [demo.DOMAIN], "trusted_hosts": [demo.MX],
                "accepted_relays": ["@vendor.example", "relay.vendor.example"]}
        asked.post("/sources", {**body, "polling_interval": 61}, 400)
        source = asked.post("/sources", body, 201)
        path = f"/sources/{source['id']}"
        asked.get("/sources")
        asked.get(path)
        asked.call("PATCH", path, {"description": "Where people send what they doubt."})
        self.job(asked.post(path + "/test", expect=202))
        spare = asked.post("/sources", {**body, "name": "spare", "enabled": False}, 201)
        asked.call("DELETE", f"/sources/{spare['id']}", expect=204)
        self.teams(source)
        spare = asked.post("/mail-servers", {"name": "spare", "kind": "maildir", "config": config}, 201)
        asked.call("DELETE", f"/mail-servers/{spare['id']}", expect=204)
        return source

    def teams(self, source):
        asked = self.asked
        team = asked.post("/teams", {"name": "Night shift", "source_ids": [source["id"]]}, 201)
        path = f"/teams/{team['id']}"
        self.assertEqual(asked.get(path)["sources"][0]["name"], "abuse")
        asked.get("/teams?name=Night%20shift")
        asked.call("PATCH", path, {"description": "When others sleep"}, headers={"If-Match": f'"{team["revision"]}"'})
        asked.call("PATCH", path, {"description": "late"}, 412, headers={"If-Match": f'"{team["revision"]}"'})
        asked.call("DELETE", path, expect=204)

    def follow_reports(self, source):
        self.place.deliver(*self.place.organisation.reports[:6])
        self.asked.post(f"/sources/{source['id']}/poll", expect=202)
        self.daemon.wait_for_reports(6)
        reports = self.asked.get("/reports?limit=2")
        self.assertIsNotNone(reports["next"])
        self.asked.get(f"/reports?limit=2&cursor={reports['next']}")
        self.asked.get("/reports?changed_since=0")
        report = self.asked.get(f"/reports/{reports['items'][0]['id']}")
        self.asked.get(f"/reports/{report['id']}/raw")
        self.assertTrue(report["incident_ids"])

    def judge(self):
        asked = self.asked
        incidents = asked.get("/incidents?kind=reported_mail&state=open&limit=500")["items"]
        incident = [i for i in incidents if i["alert_count"] > 1 and i["original_id"]][0]
        path = f"/incidents/{incident['id']}"
        asked.get(path)
        self.assertIn("ann", [person["name"] for person in asked.get("/people")["items"]])
        asked.call("PATCH", path, {"severity": "critical", "disposition": "malicious", "assignee": "ann"})
        asked.get("/incidents?mine=true")
        asked.get("/incidents?team=nobody&changed_since=0")
        asked.get("/search?q=salary")
        asked.get("/statistics?offset=60")
        self.assertTrue(asked.get("/sources/1/polls")["items"])
        self.daemon.wait_for(lambda: asked.get("/reporters")["items"], 20, "reporters to be counted")
        asked.get(f"/reporters/{asked.get('/reporters?sort=reports')['items'][0]['id']}")
        comment = asked.post(f"{path}/comments", {"text": "one of these"}, 201)
        asked.call("PATCH", f"/comments/{comment['id']}", {"text": "one of many"})
        self.assertEqual(asked.get(f"/comments/{comment['id']}")["text"], "one of many")
        asked.call("DELETE", f"/comments/{comment['id']}", expect=204)
        for part in ("alerts", "reports", "responses", "comments", "activity"):
            asked.get(f"{path}/{part}")
        alert = asked.get(f"/alerts?incident_id={incident['id']}")["items"][0]
        asked.get(f"/alerts/{alert['id']}")
        asked.call("PATCH", f"/alerts/{alert['id']}", {"severity": "major"})
        asked.get(f"/originals/{incident['original_id']}")
        asked.get(f"/originals/{incident['original_id']}?bodies=false")
        asked.get(f"/originals/{incident['original_id']}/raw")
        self.assertTrue(asked.get(f"/reports/{asked.get(path + '/reports')['items'][0]['id']}/originals")["items"])
        return incident

    def attachments(self, source):
        """Saved by another program as they were sent."""
        asked, organisation = self.asked, self.place.organisation
        who, secret = organisation.person(2), os.urandom(70000)
        raw = demo.message([("From", "a@mailfarm.example"), ("To", who.address), ("Subject", "the file"), ("Message-ID", "<file@mailfarm.example>")],
                           demo.multipart("mixed", "b", demo.leaf("see there\n"), demo.attachment("../März.exe", "application/pdf", secret)))
        report = organisation._report("attached", "a file", who, [], organisation._wrap(
            who, "Fwd: the file", organisation._attach(who, [raw])), 0)
        self.place.deliver(report)
        asked.post(f"/sources/{source['id']}/poll", expect=202)
        self.daemon.wait_for_reports(7)
        incident = asked.get("/incidents?message_id=file@mailfarm.example")["items"][0]
        path = f"/originals/{incident['original_id']}/attachments"
        self.assertTrue(asked.get(path).startswith(b"PK"))
        sha256 = hashlib.sha256(secret).hexdigest()
        for query in ("", f"&sha256={sha256}"):
            archive = zipfile.ZipFile(io.BytesIO(asked.get(f"{path}?encryption=zipcrypto{query}")))
            self.assertEqual(archive.namelist(), ["März.exe"])
            self.assertRaises(RuntimeError, archive.read, "März.exe")
            self.assertEqual(hashlib.sha256(archive.read("März.exe", b"infected")).hexdigest(), sha256)
        asked.get(f"{path}?sha256={'0' * 64}", expect=404)

    def pull_and_put_back(self, incident):
        asked, path = self.asked, f"/incidents/{incident['id']}"
        for kind in ("quarantine", "restore"):
            response = asked.post(path + "/responses", {"kind": kind, "comment": kind}, 202)
            response, ledger = self.daemon.wait_for_response(response)
            asked.get(f"/responses/{response['id']}")
            asked.get(f"/responses/{response['id']}/results?limit=500")
            self.assertTrue(ledger)
        asked.get("/responses?changed_since=0")
        alert = asked.get(path + "/alerts")["items"][0]
        asked.post(f"/alerts/{alert['id']}/close", {"reason": "seen"})
        asked.post(path + "/close", {"reason": "handled"})
        asked.post(path + "/close", {"reason": "handled"}, 409)
        asked.post(path + "/reopen", {"reason": "not yet"})

    def administer(self, server):
        asked = self.asked
        key = asked.post("/api-keys", {"name": "robot", "scopes": ["read"], "expires_at": None}, 201)
        asked.get("/api-keys")
        refused = asked.get("/users", expect=403, headers={"Authorization": f"Bearer {key['key']}"})
        self.assertEqual(refused["permission"], "admin")
        asked.call("DELETE", f"/api-keys/{key['id']}", expect=204)
        for path in ("/whoami", "/health", "/openapi.json", "/metrics", "/activity?limit=500"):
            asked.get(path)
        asked.get("/jobs?state=done")
        asked.get("/incidents/999999", expect=404)
        asked.get("/incidents?colour=red", expect=400)
        asked.get("/whoami", expect=401, headers={"Authorization": "Bearer none"})

    def people(self):
        """Users, roles and sessions, as an administrator's key and as a person with a session."""
        asked, words = self.asked, "three quiet herons"
        asked.get("/session/methods")
        link = subprocess.run([harness.BINARY, "user", "setup-link", "--data", self.daemon.data], capture_output=True, text=True,
                              check=True).stdout
        asked.post("/setup", {"token": link.strip().split("token=")[1], "name": "ann", "password": words}, 201)
        role = asked.post("/roles", {"name": "reader", "permissions": ["read"]}, 201)
        asked.get("/roles")
        asked.get(f"/roles/{role['id']}")
        asked.call("PATCH", f"/roles/{role['id']}", {"description": "Reads"})
        user = asked.post("/users", {"name": "bob", "role": "reader", "password": words}, 201)
        path = f"/users/{user['id']}"
        asked.get("/users")
        asked.get(path)
        asked.call("PATCH", path, {"display_name": "Bob", "role": "analyst"})
        asked.call("DELETE", f"/roles/{role['id']}", expect=204)
        asked.post(path + "/password", {"password": "four other herons"})
        asked.post(path + "/unlock")
        asked.call("DELETE", path + "/sessions", expect=204)
        self.one_person(words)
        asked.call("DELETE", path, expect=204)

    def one_person(self, words):
        asked = self.asked
        status, headers, session = asked.api.request("POST", "/session", {"name": "ann", "password": words}, {})
        asked.check("POST", "/session", status, headers, session)
        # A session is no key: the header that the client sends by itself is left out.
        own = {"Authorization": None, "Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": session["csrf"]}
        asked.get("/session", headers=own)
        asked.get("/account", headers=own)
        asked.get("/sessions", headers=own)
        asked.call("PATCH", "/account", {"display_name": "Ann"}, headers=own)
        self.views(own)
        offer = asked.post("/account/totp", {"password": words}, headers=own)
        asked.post("/account/totp/confirm", {"code": code_now(offer["secret"])}, headers=own)
        asked.post("/account/recovery-codes", {"password": words}, headers=own)
        asked.post("/session", {"name": "ann", "password": words}, 401, headers={"Authorization": None})
        asked.post("/account/totp/remove", {"password": words}, 204, headers=own)
        offer = asked.post("/account/totp", {"password": words}, headers=own)
        asked.post("/account/totp/confirm", {"code": code_now(offer["secret"])}, headers=own)
        asked.call("DELETE", f"/users/{session['user']['id']}/totp", expect=204)
        asked.post("/account/password", {"old": words, "password": "five more herons"}, headers=own)
        other = asked.post("/session", {"name": "ann", "password": "five more herons"}, 201, headers={"Authorization": None})
        listed = asked.get(f"/sessions?user_id={other['user']['id']}")["items"]
        asked.call("DELETE", f"/sessions/{max(one['id'] for one in listed)}", expect=204)
        asked.call("DELETE", "/session", expect=204, headers=own)

    def views(self, own):
        asked = self.asked
        view = asked.post("/views", {"name": "Mine, urgent", "filter": "is:open assignee:me severity:>=major",
                                     "columns": ["severity", "title"]}, 201, headers=own)
        path = f"/views/{view['id']}"
        self.assertEqual([one["name"] for one in asked.get("/views", headers=own)["items"]], ["Mine, urgent"])
        asked.call("PATCH", path, {"shared": True}, headers=own)
        self.assertTrue(asked.get(path)["shared"])  # an API key sees it, too
        asked.post("/views", {"name": "A key's", "filter": "is:open"}, 409)
        asked.call("DELETE", path, expect=204, headers=own)
        asked.call("PATCH", "/preferences", {"incident_columns": ["title"]}, headers=own)
        self.assertEqual(asked.get("/preferences", headers=own), {"incident_columns": ["title"]})

    def identity_providers(self):
        """A provider that lets everybody in, from its setting-up to its end."""
        asked, url = self.asked, self.daemon.api.url
        peer = signon.hostile()
        self.addCleanup(peer.close)
        asked.get("/identity-provider-kinds")
        made = asked.post("/identity-providers", {"name": "Corp", "kind": "oidc", "config": {
            "issuer": peer.issuer, "client_id": "trawl", "console_url": url, "roles": ["soc=analyst"], "create_accounts": "yes"}}, 201)
        path = f"/identity-providers/{made['id']}"
        asked.call("PATCH", path, {"secret": {"client_secret": "x"}})
        asked.get(path)
        asked.get("/identity-providers")
        asked.post(path + "/check", expect=202)
        asked.get("/session/methods")
        nobody, browser = {"Authorization": None}, signon.Browser(url)
        status, headers, away = asked.api.request("POST", "/sign-on", {"provider": made["id"]}, nobody)
        asked.check("POST", "/sign-on", status, headers, away)
        cookie = {**nobody, "Cookie": headers["Set-Cookie"].split(";")[0]}
        back = browser.wander(away["url"])
        asked.post("/sign-on/finish", {**back, "state": "x"}, 403, headers=cookie)
        asked.post("/sign-on/finish", back, 201, headers=cookie)
        one = asked.get("/identities")["items"][0]
        asked.get(f"/identities?user_id={one['user_id']}")
        asked.call("DELETE", f"/identities/{one['id']}", expect=204)
        asked.call("PATCH", "/vips", {"addresses": ["boss@corp.example"]})
        asked.get("/vips")
        asked.call("DELETE", path, expect=204)

    def backups(self):
        """By hand, and no more than the plan keeps; each is a file that is whole."""
        asked, directory = self.asked, os.path.join(self.daemon.data, "backups")
        self.assertEqual(asked.get("/backup-plan"), {"possible": True, "every_hours": 0, "keep": 7})
        self.assertEqual(asked.call("PATCH", "/backup-plan", {"keep": 2})["keep"], 2)
        asked.call("PATCH", "/backup-plan", {"keep": 0}, 400)
        # What a worker that died before its commit leaves: a row that runs, and a file that nobody has read again.
        os.makedirs(directory, mode=0o700)
        stale = os.path.join(directory, "trawl-stale.backup")
        with open(stale, "wb") as file, contextlib.closing(sqlite3.connect(os.path.join(self.daemon.data, "db", "trawl.db"), timeout=10)) as db:
            file.write(b"half a backup")
            db.execute("INSERT INTO backup (file, state, size, files, bytes, audit_seq, started_at, finished_at) "
                       "VALUES ('trawl-stale.backup', 'running', 0, 0, 0, 0, 1, 0)")
            db.commit()
        for number in range(1, 4):
            asked.post("/backups", expect=202)
            self.daemon.wait_for(lambda: (rows := asked.get("/backups")["items"]) and rows[0]["id"] > number
                                 and rows[0]["state"] == "done", 20, "a backup")
        self.daemon.wait_for(lambda: len(asked.get("/backups")["items"]) == 3, 20, "the oldest gone")
        *rows, failed = asked.get("/backups")["items"]
        self.assertEqual((failed["state"], failed["file"]), ("failed", "trawl-stale.backup"))
        self.assertFalse(os.path.exists(stale))
        self.assertEqual(sorted(os.listdir(directory)), sorted(row["file"] for row in rows))
        for row in rows:
            path = os.path.join(directory, row["file"])
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            self.assertEqual(os.path.getsize(path), row["size"])
            subprocess.run([harness.BINARY, "backup", "verify", path], check=True, stdout=subprocess.DEVNULL)
        asked.call("PATCH", "/backup-plan", {"every_hours": 12})
        due = [job for job in self.daemon.api.get("/jobs", state="ready")["items"] if job["kind"] == "backup.run"]
        self.assertEqual(len(due), 1)

    def retention(self, incident):
        asked, path = self.asked, f"/incidents/{incident['id']}"
        plan = asked.get("/retention")
        tag = asked.api.request("GET", "/retention")[1]["ETag"]
        periods = {name: plan[name] for name in plan["limits"]}
        asked.get("/retention/preview?incident_days=30&content_days=7")
        asked.get("/retention/preview?incident_days=3", expect=400)
        asked.call("PUT", "/retention", {**periods, "audit_days": 30}, 400)
        asked.call("PUT", "/retention", {"audit_days": 100}, 400)  # all of them, or none
        asked.call("PUT", "/retention", {**periods, "poll_days": None}, 400)
        self.assertEqual(asked.call("PUT", "/retention", {**periods, "audit_days": 100}, headers={"If-Match": tag})["audit_days"], 100)
        asked.call("PUT", "/retention", periods, 412, headers={"If-Match": tag})
        held = asked.post(path + "/hold", {"reason": "a lawsuit"})
        self.assertEqual(held["hold"]["reason"], "a lawsuit")
        asked.post(path + "/hold", {"reason": "again"}, 409)
        self.assertEqual([one["incident_id"] for one in asked.get("/holds")["items"]], [incident["id"]])
        asked.post(path + "/release", {"reason": "it is over"})
        asked.post(path + "/release", {"reason": "again"}, 409)
        self.job(asked.post("/retention/runs", expect=202))
        self.assertEqual(asked.get("/retention/runs")["items"][0]["state"], "done")

    def cancel_and_retry(self, source):
        """A check that waits can be cancelled; a job that is not parked cannot be tried again."""
        asked = self.asked
        job = asked.post(f"/sources/{source['id']}/test", expect=202)
        asked.api.request("POST", f"/jobs/{job['id']}/cancel")  # a worker may be quicker
        asked.post(f"/jobs/{job['id']}/retry", expect=409)
        asked.post(f"/jobs/{job['id']}/cancel", expect=409)

    def read_events(self):
        """Takes up the stream at its beginning; every record is an Activity, in order."""
        connection = http.client.HTTPConnection(self.daemon.api.host, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events", headers={"Authorization": "Bearer " + self.daemon.api.key, "Last-Event-ID": "0"})
        stream = connection.getresponse()
        self.assertEqual(stream.status, 200)
        schema = {"$ref": "#/components/schemas/Activity", "components": self.asked.document["components"]}
        for seq in range(1, 21):
            fields = dict(line.split(": ", 1) for line in iter(lambda: stream.readline().decode().rstrip("\n"), ""))
            while "data" not in fields:
                fields = dict(line.split(": ", 1) for line in iter(lambda: stream.readline().decode().rstrip("\n"), ""))
            record = json.loads(fields["data"])
            jsonschema.validate(record, schema, jsonschema.Draft202012Validator)
            self.assertEqual((int(fields["id"]), record["seq"], fields["event"]), (seq, seq, record["action"]))
        self.asked.seen.add("streamEvents")

    def test_every_operation_answers_as_described(self):
        source = self.configure()
        self.follow_reports(source)
        self.people()
        self.attachments(source)
        incident = self.judge()
        self.pull_and_put_back(incident)
        self.retention(incident)
        self.administer(source)
        self.identity_providers()
        self.backups()
        self.cancel_and_retry(source)
        self.read_events()
        # What only a broken job or luck would show is tested elsewhere.
        self.assertLessEqual(self.asked.missing(), {"retryJob", "cancelJob"})
        self.daemon.check()


class Crowds(harness.SystemTest):
    def test_more_clients_than_there_are_places_do_not_keep_others_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = min(10_000, hard - 200)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 200, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        daemon = self.trawl()
        host, port = daemon.api.host.rsplit(":", 1)
        crowd = []
        self.addCleanup(lambda: [s.close() for s in crowd])
        daemon.api.close()
        for _ in range(wanted):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((host, int(port)))
            crowd.append(one)
        web = daemon.processes()["web"]
        self.assertLess(len(os.listdir(f"/proc/{web}/fd")), 1400)

        def served():
            try:
                return daemon.api.get("/whoami")["name"] == "admin"
            except (OSError, http.client.HTTPException):
                daemon.api.close()
                time.sleep(0.2)
                return False
        daemon.wait_for(served, 60, "an answer in the crowd")
        with open(f"/proc/{web}/status") as status:
            resident = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        self.assertLess(resident, 200 * 1024)


if __name__ == "__main__":
    tap.main()
