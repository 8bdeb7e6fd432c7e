#!/usr/bin/env python3
"""The command line against a real daemon: every verb once, as people type it and as programs read it."""
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import fcntl
import tempfile
import termios
import time
import unicodedata
import unittest

import harness
import tap
from harness import demo

NOW = int(time.time()) - 3600
SGR = re.compile("\033\\[[0-9;]*m")


def columns(text):
    """How wide a terminal shows it."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class CliTest(harness.SystemTest):
    def begin(self, reports=6, people=12):
        self.organisation = demo.Organisation(seed=3, now=NOW, people=people, ordinary=8)
        self.world = self.mail(self.organisation)
        self.daemon = self.trawl()
        self.world.deliver(*self.organisation.reports[:reports])
        self.ran = set()

    def environment(self, **more):
        home = {"HOME": self.daemon.data, "XDG_CONFIG_HOME": os.path.join(self.daemon.data, "none"), "G_DEBUG": "fatal-criticals"}
        keep = {k: v for k, v in os.environ.items() if not k.startswith("TRAWL_") and k not in ("NO_COLOR", "COLUMNS")}
        return {**keep, **home, "TRAWL_DATA": self.daemon.data, **more}

    def run_cli(self, *words, status=0, stdin=None, **environment):
        """(stdout, stderr) of a command that must end with @status."""
        self.ran.add(tuple(words[:2]))
        result = subprocess.run([harness.BINARY, *words], capture_output=True, text=True, input=stdin or "", timeout=60,
                                env=self.environment(**environment), check=False)
        self.assertEqual(result.returncode, status, f"trawl {' '.join(words)}\n{result.stdout}{result.stderr}\n{self.daemon.log()}")
        return result.stdout, result.stderr

    def text(self, *words, **more):
        out, err = self.run_cli(*words, **more)
        self.assertEqual(err, "", words)
        self.assertTrue(out.strip(), words)
        return out

    def json(self, *words, **more):
        out, err = self.run_cli(*words, "--json", **more)
        self.assertEqual(err, "", words)
        return json.loads(out)

    def quiet(self, *words, **more):
        return self.run_cli(*words, "--quiet", **more)[0].split("\n")[:-1]

    def look(self, *words, **more):
        """A verb that only shows: the page, then its document."""
        self.text(*words, **more)
        return self.json(*words, **more)

    def configure(self):
        self.run_cli("server", "add", "mail", "--kind", "maildir", "--set",
                     "path=" + os.path.join(self.world.root, demo.MAILDIR_PATTERN), "--set", "domains=" + demo.DOMAIN,
                     "--set", "quarantine_mailbox=" + demo.QUARANTINE, "--set", "quarantine_folder=Quarantine")
        self.run_cli("source", "add", "abuse", "--server", "mail", "--mailbox", demo.ABUSE, "--accept", demo.DOMAIN,
                     "--trust", demo.MX)

    def receive(self, reports=6):
        self.configure()
        self.daemon.wait_for_reports(reports)
        self.daemon.wait_until_idle()
        self.campaign = self.organisation.campaigns["payroll"]
        self.incident = str(self.daemon.incident_of(self.campaign)["id"])


class EveryVerb(CliTest):
    def test_a_new_user_gets_from_nothing_to_a_mail_pulled_and_put_back(self):
        self.begin()
        for part in (self.servers, self.sources, self.reports, self.incidents, self.responses, self.alerts, self.jobs,
                     self.keys, self.people, self.looks, self.local, self.removal):
            with self.subTest(part=part.__name__):
                part()
        spoken = re.findall(r"^### `trawl ([a-z]+(?: [a-z-]+)?)", self.text("help", "--markdown"), re.M)
        missing = [name for name in spoken if name != "serve" and not any(
            " ".join(words).startswith(name) and (name == words[0] or " ".join(words) == name) for words in self.ran)]
        self.assertEqual(missing, [], "verbs that this test does not run")

    def servers(self):
        kinds = {k["name"]: k for k in self.look("server", "kinds")["items"]}
        self.assertIn("path", kinds["maildir"]["config"])
        self.assertIn("/srv/mail/%d/%n/Maildir", self.text("server", "kinds", "maildir"))
        self.run_cli("server", "kinds", "maildri", status=66)
        self.assertIn("no mail servers", self.text("server", "list"))
        self.configure()
        self.assertEqual(self.quiet("server", "list"), ["mail"])
        self.assertEqual(self.look("server", "list")["items"][0]["config"]["domains"], [demo.DOMAIN])
        self.assertEqual(self.look("server", "show", "mail")["name"], "mail")
        self.assertEqual(self.look("server", "show", "1")["name"], "mail")
        changed = self.json("server", "set", "mail", "--name", "post", "--set", "domains=" + demo.DOMAIN + ",other.example")
        self.assertEqual((changed["name"], changed["config"]["domains"]), ("post", [demo.DOMAIN, "other.example"]))
        self.run_cli("server", "set", "post", "--name", "mail", "--set", "domains=" + demo.DOMAIN)
        lines = self.look("server", "check", "mail", "--mailbox", demo.ABUSE)["lines"]
        self.assertEqual({line["level"] for line in lines}, {"ok"}, lines)
        self.assertIn("INBOX", self.json("server", "folders", "mail", "--mailbox", demo.ABUSE)["items"])
        self.assertIn("INBOX\n", self.text("server", "folders", "mail", "--mailbox", demo.ABUSE))
        if "imap" in kinds:
            self.secrets()

    def secrets(self):
        """Never shown, never an argument."""
        add = ["server", "add", "far", "--kind", "imap", "--set", "host=imap.example.org", "--set", "login=master", "--set",
               "master_user=trawl", "--set", "port=993"]
        _, err = self.run_cli(*add, "--secret", "password=hunter2", status=64)
        self.assertNotIn("hunter2", err)
        self.run_cli(*add, "--secret", "password=-", stdin="hunter2\n")
        shown = self.look("server", "show", "far")
        self.assertEqual((shown["secret_set"], shown["config"]["port"]), (["password"], 993))
        self.assertNotIn("hunter2", json.dumps(shown))
        self.run_cli("server", "remove", "far")

    def sources(self):
        self.assertEqual(self.quiet("source", "list"), ["abuse"])
        self.assertEqual(self.look("source", "list")["items"][0]["mailbox"], demo.ABUSE)
        self.assertEqual(self.look("source", "show", "abuse")["trusted_hosts"], [demo.MX])
        self.assertEqual({line["level"] for line in self.look("source", "test", "abuse")["lines"]}, {"ok"})
        self.assertFalse(self.json("source", "pause", "abuse")["enabled"])
        self.assertIn("paused", self.text("source", "list"))
        self.run_cli("source", "poll", "abuse", status=73)
        self.assertTrue(self.json("source", "resume", "abuse")["enabled"])
        changed = self.json("source", "set", "abuse", "--interval", "5", "--post-process", "move", "--destination", "Done",
                            "--description", "reports", "--no-link-events")
        self.assertEqual((changed["polling_interval"], changed["post_process"], changed["destination_folder"],
                          changed["link_events"]), (5, "move", "Done", False))
        changed = self.json("source", "set", "abuse", "--interval", "1", "--post-process", "none", "--link-events")
        self.assertEqual((changed["polling_interval"], changed["link_events"]), (1, True))
        self.assertIn("was polled", self.text("source", "poll", "abuse", "--wait"))
        self.daemon.wait_for_reports(6)
        self.daemon.wait_until_idle()

    def reports(self):
        items = self.look("report", "list")["items"]
        self.assertEqual(len(items), 6)
        self.assertEqual(self.quiet("report", "list", "-n", "2"), [str(items[0]["id"]), str(items[1]["id"])])
        self.assertTrue(self.json("report", "list", "-n", "2")["more"])
        self.assertIn("only the first 2", self.run_cli("report", "list", "-n", "2")[1])
        self.assertEqual(len(self.json("report", "list", "--all", "--source", "abuse")["items"]), 6)
        untrusted = self.json("report", "list", "--untrusted")["items"]
        self.assertTrue(all(not r["trusted"] for r in untrusted))
        first = str(items[-1]["id"])
        self.assertEqual(self.look("report", "show", first)["id"], items[-1]["id"])
        raw, _ = self.run_cli("report", "raw", first)
        self.assertIn("Message-ID: ", raw)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "report.eml")
            self.run_cli("report", "raw", first, "--output", path)
            with open(path) as file:
                self.assertEqual(file.read(), raw)
            self.assertEqual(os.listdir(directory), ["report.eml"])
            document = json.loads(self.run_cli("breakdown", path)[0])
            self.assertEqual(document["message"]["message_id"], items[-1]["message_id"])

    def incidents(self):
        self.campaign = self.organisation.campaigns["payroll"]
        self.incident = str(self.daemon.incident_of(self.campaign)["id"])
        items = self.look("incident", "list")["items"]
        self.assertIn(self.incident, self.quiet("incident", "list", "--all"))
        self.assertEqual(self.quiet("incident", "list", "--message-id", self.campaign.message_id), [self.incident])
        self.assertEqual(len(self.json("incident", "list", "--state", "all")["items"]), len(items))
        self.assertEqual(self.quiet("incident", "list", "is:open", "message:" + self.campaign.message_id, "after:1d"), [self.incident])
        self.assertEqual(self.quiet("incident", "list", "is:closed before:2001-01-01"), [])
        _, err = self.run_cli("incident", "list", "colour:red", status=65)
        self.assertIn("colour:red: there is no such filter", err)
        page = self.text("incident", "show", self.incident)
        for part in (self.campaign.subject, "Original", "Reports", "Alerts", "Next", "trawl quarantine " + self.incident):
            self.assertIn(part, page)
        document = self.json("incident", "show", "#" + self.incident)
        self.assertEqual({a["recipient"] for a in document["alerts"]}, set(self.campaign.recipients))
        self.assertEqual(document["original"]["message_id"], self.campaign.message_id)
        self.assertTrue(document["activity"])
        self.assertIn("/setup?token=", self.json("user", "setup-link")["link"])
        self.json("user", "add", "ann", "--role", "analyst", "--no-password")
        changed = self.json("incident", "set", self.incident, "--severity", "major", "--disposition", "malicious",
                            "--assignee", "ann")
        self.assertEqual((changed["severity"], changed["disposition"], changed["assignee"]), ("major", "malicious", "ann"))
        self.assertIsNone(self.json("incident", "set", self.incident, "--assignee", "")["assignee"])
        self.run_cli("user", "delete", "ann")
        said = self.json("incident", "comment", self.incident, "--text", "looks like last week's")
        self.assertEqual(said["text"], "looks like last week's")
        self.assertIn("looks like last week's", self.text("incident", "show", self.incident))
        self.assertEqual(len(self.json("incident", "show", self.incident)["comments"]), 1)
        raw, _ = self.run_cli("incident", "raw", self.incident)
        self.assertIn(self.campaign.message_id, raw)
        self.assertIn("no attachments", self.text("incident", "attachments", self.incident))
        _, err = self.run_cli("incident", "attachments", self.incident, "--zip", "-", status=66)
        self.assertIn("no attachments", err)
        deadline = time.monotonic() + 20
        while self.incident not in self.quiet("search", f'"{self.campaign.subject}"') and time.monotonic() < deadline:
            time.sleep(0.5)
        self.assertIn(self.incident, self.quiet("search", f'"{self.campaign.subject}"'))
        self.assertIn(self.campaign.subject, self.text("search", f"message:{self.campaign.message_id}"))
        self.assertEqual(self.json("search", "surely-nowhere")["items"], [])
        _, err = self.run_cli("search", "sender:ann", status=65)
        self.assertIn('no field "sender"', err)
        deadline = time.monotonic() + 20
        reporters = {report["reporter"] for report in self.json("report", "list", "--all")["items"]} - {None}
        while set(self.quiet("reporter", "list", "--all")) < reporters and time.monotonic() < deadline:
            time.sleep(0.5)
        self.assertEqual(set(self.quiet("reporter", "list", "--all")), reporters)
        some = sorted(reporters)[0]
        self.assertEqual(self.quiet("reporter", "list", "--find", some, "--sort", "reports"), [some])
        self.look("reporter", "list")
        self.assertEqual(self.quiet("statistics", "--days", "2"), ["6"])
        self.assertIn("How long it takes", self.text("statistics", "--source", "abuse"))
        self.json("incident", "close", self.incident, "--reason", "a drill")
        self.assertNotIn(self.incident, self.quiet("incident", "list"))
        self.assertIn(self.incident, self.quiet("incident", "list", "--state", "closed"))
        _, err = self.run_cli("incident", "close", self.incident, "--reason", "again", status=73)
        self.assertRegex(err, r"^trawl: .*closed already; .*\n$")
        self.assertEqual(self.json("incident", "reopen", self.incident, "--reason", "not a drill")["state"], "open")
        self.watch()

    def watch(self):
        """Shows what happens, and ends well on Ctrl-C."""
        self.ran.add(("incident", "watch"))
        watcher = subprocess.Popen([harness.BINARY, "incident", "watch", self.incident, "--json"], stdout=subprocess.PIPE,
                                   text=True, env=self.environment())
        try:
            time.sleep(0.7)
            self.run_cli("incident", "set", self.incident, "--severity", "critical")
            record = json.loads(watcher.stdout.readline())
            self.assertEqual((record["action"], str(record["incident_id"])), ("incident.update", self.incident))
            watcher.send_signal(signal.SIGINT)
            self.assertEqual(watcher.wait(10), 0)
        finally:
            watcher.kill()
            watcher.wait()
            watcher.stdout.close()

    def responses(self):
        before = self.world.snapshot()
        document = self.json("quarantine", self.incident, "--wait", "--comment", "out")
        self.assertEqual({r["mailbox"]: r["status"] for r in document["results"]},
                         {a: "success" for a in self.campaign.recipients})
        self.assertEqual(len(self.world.messages(demo.QUARANTINE)), len(self.campaign.recipients))
        page = self.text("incident", "show", self.incident)
        self.assertIn("“out”", page)
        self.assertIn("trawl restore " + self.incident, page)
        out = self.text("restore", "--response", str(document["id"]), "--wait")
        self.assertIn(f"{len(self.campaign.recipients)} put back", out)
        self.assertEqual(self.world.snapshot(), before)
        response, = self.quiet("quarantine", self.incident)
        self.daemon.wait_for_response({"id": int(response)})
        self.assertEqual(self.quiet("restore", self.incident, "--wait"), [])
        self.assertEqual(self.world.snapshot(), before)
        self.run_cli("restore", status=64)

    def alerts(self):
        self.assertTrue(self.look("alert", "list", "--state", "all", "--incident", self.incident)["items"])
        other = [a for a in self.json("alert", "list", "--all")["items"]][0]
        self.assertEqual(self.look("alert", "show", str(other["id"]))["recipient"], other["recipient"])
        self.assertEqual(self.json("alert", "close", str(other["id"]), "--reason", "fine")["state"], "closed")

    def jobs(self):
        jobs = self.look("job", "list", "--all")["items"]
        self.assertEqual(self.look("job", "show", str(jobs[0]["id"]))["kind"], jobs[0]["kind"])
        self.run_cli("job", "retry", str(jobs[0]["id"]), status=73)
        self.run_cli("job", "cancel", str(jobs[0]["id"]), status=73)
        self.assertTrue(self.json("job", "list", "--state", "ready", "--kind", "source.poll")["items"])

    def keys(self):
        key, _ = self.run_cli("key", "add", "soc", "--scope", "read", "--days", "7")
        self.assertRegex(key, r"^trawl_\S+\n$")
        self.assertIn("soc", self.quiet("key", "list"))
        self.assertEqual(len(self.look("key", "list")["items"]), 2)
        reader = {"TRAWL_API_KEY": key.strip()}
        self.text("incident", "list", **reader)
        _, err = self.run_cli("key", "list", status=77, **reader)
        self.assertRegex(err, r"^trawl: .*; ")
        self.run_cli("key", "revoke", "soc")
        _, err = self.run_cli("incident", "list", status=77, **reader)
        self.assertIn("refuses the key from $TRAWL_API_KEY", err)

    def people(self):
        passphrase = os.path.join(self.daemon.data, "passphrase")
        with open(passphrase, "w", encoding="utf-8") as file:
            file.write("three quiet herons\n")
        self.run_cli("user", "add", "bob", "--role", "analyst", "--display-name", "Bob", "--password", "@" + passphrase)
        self.run_cli("user", "add", "eve", "--role", "viewer", "--no-password")
        self.run_cli("user", "add", "mallory", "--role", "king", "--no-password", status=65)
        self.run_cli("user", "add", "mallory", "--role", "viewer", "--password", "in the open here", status=64)
        self.assertEqual({(u["name"], u["role"]) for u in self.look("user", "list")["items"]}, {("bob", "analyst"), ("eve", "viewer")})
        self.run_cli("user", "set", "bob", "--role", "responder", "--email", "bob@corp.example")
        self.run_cli("user", "set", "bob", status=64)
        status, _, _ = self.daemon.api.request("POST", "/session", {"name": "bob", "password": "three quiet herons"})
        self.assertEqual(status, 201)
        session = self.look("session", "list", "--user", "bob")["items"][0]
        self.run_cli("session", "end", str(session["id"]))
        self.assertEqual(self.quiet("session", "list"), [])
        self.run_cli("user", "passwd", "bob", "--password", "-", stdin="four other herons\n")
        self.run_cli("user", "unlock", "bob")
        self.run_cli("user", "no-codes", "bob", status=66)
        self.teams()
        self.run_cli("user", "delete", "bob")
        self.run_cli("user", "setup-link", status=73)
        self.assertIn("auditor", [r["name"] for r in self.look("role", "list")["items"]])
        self.providers()

    def teams(self):
        """Bob sees what his team does: the one source, and what is assigned to it; a key of his no more than he."""
        source = self.json("source", "list")["items"][0]["name"]
        self.run_cli("user", "set", "bob", "--sight", "teams")
        self.assertEqual(self.json("team", "add", "Night shift", "--member", "bob", "--description", "x")["member_ids"],
                         [u["id"] for u in self.json("user", "list")["items"] if u["name"] == "bob"])
        key, _ = self.run_cli("key", "add", "bobs", "--scope", "read", "--owner", "bob")
        bob = {"TRAWL_API_KEY": key.strip()}
        self.assertEqual(self.run_cli("incident", "list", "--state", "all", "--quiet", **bob)[0], "")
        self.run_cli("incident", "show", self.incident, status=66, **bob)
        self.run_cli("incident", "set", self.incident, "--team", "Night shift")
        self.assertEqual(self.run_cli("incident", "list", "--state", "all", "--quiet", **bob)[0].split(), [self.incident])
        self.assertEqual(self.quiet("incident", "list", "--state", "all", "--team", "Night shift"), [self.incident])
        self.run_cli("incident", "set", self.incident, "--team", "")
        self.run_cli("team", "set", "Night shift", "--source", source, "--name", "Shift")
        self.assertEqual(self.look("team", "show", "Shift")["sources"][0]["name"], source)
        self.assertTrue(self.run_cli("incident", "list", "--state", "all", "--quiet", **bob)[0])
        self.run_cli("user", "list", status=77, **bob)
        self.json("team", "set", "Shift", "--no-source", source, "--no-member", "bob")
        self.assertEqual(self.run_cli("incident", "list", "--mine", "--state", "all", "--quiet", **bob)[0], "")
        self.run_cli("key", "revoke", "bobs")
        self.assertEqual([t["name"] for t in self.look("team", "list")["items"]], ["Shift"])
        self.run_cli("team", "delete", "Shift")

    def providers(self):
        self.daemon.api.post("/identity-providers", {"name": "Corp", "kind": "oidc", "config": {
            "issuer": "http://127.0.0.1:9/", "client_id": "trawl", "console_url": "http://127.0.0.1:8460", "roles": ["soc=analyst"]}})
        self.assertEqual([p["name"] for p in self.look("provider", "list")["items"]], ["Corp"])
        out, _ = self.run_cli("provider", "check", "Corp", status=1)
        self.assertIn("127.0.0.1:9", out)
        self.assertFalse(self.json("provider", "set", "Corp", "--disable")["enabled"])
        self.assertTrue(self.json("provider", "set", "Corp", "--enable")["enabled"])

    def looks(self):
        self.assertEqual(self.look("health")["status"], "ok")
        records = self.look("activity", "--all")["items"]
        self.assertEqual([r["seq"] for r in records], list(range(1, len(records) + 1)))
        self.assertEqual([r["seq"] for r in self.json("activity", "-n", "3")["items"]], [r["seq"] for r in records[-3:]])
        self.assertTrue(all(str(r["incident_id"]) == self.incident
                            for r in self.json("activity", "--incident", self.incident)["items"]))
        created = self.json("activity", "action:source.create", "after:1d", "--all")["items"]
        self.assertEqual(created, [r for r in records if r["action"] == "source.create"])
        self.assertTrue(created)
        self.assertIn("there is no such filter", self.run_cli("activity", "colour:blue", status=65)[1])
        self.run_cli("activity", "actor:ann", "--follow", status=65)
        self.text("completion", "bash")
        self.assertEqual(self.json("version"), {"version": self.text("version").split()[1]})
        self.text("help")

    def local(self):
        self.assertTrue(self.look("check", "--mailboxes")["clean"])
        self.assertEqual(self.quiet("check"), [])
        self.assertTrue(self.look("audit", "verify")["whole"])
        self.exports()
        self.retention()
        self.assertTrue(self.json("key", "recover")["path"].endswith("admin.key"))
        self.assertEqual(len(self.quiet("key", "list")), 4)
        self.backups()

    def exports(self):
        """What was written out is walked like the log itself, and shows when a record is not what was written."""
        path = os.path.join(self.daemon.data, "audit.jsonl")
        self.text("audit", "export", "--output", path)
        self.run_cli("audit", "export", "--output", path, status=74)  # nothing is overwritten
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        self.assertEqual(self.json("audit", "verify", path)["records"], len(lines))
        self.assertEqual(self.text("audit", "export").splitlines()[:5], [line.rstrip() for line in lines[:5]])
        for name, wrong in (("other", [*lines[:7], lines[7].replace("source", "sauce"), *lines[8:]]), ("less", [*lines[:3], *lines[4:]]),
                            ("end", lines[9:])):
            with open(path + name, "w", encoding="utf-8") as file:
                file.writelines(wrong)
            whole = name == "end"  # without its beginning it is a chain still
            self.assertEqual(self.json("audit", "verify", path + name, status=0 if whole else 1)["whole"], whole, name)
        self.run_cli("audit", "verify", self.daemon.data + "/admin.key", status=65)

    def retention(self):
        self.assertEqual(self.look("retention", "show")["incident_days"], None)
        self.assertEqual(self.look("retention", "preview", "--incidents", "30")["incidents"], 0)
        _, err = self.run_cli("retention", "set", "--incidents", "90", "--content", "30", status=73)
        self.assertIn("this would remove 0 incidents", err)
        self.assertEqual(self.json("retention", "set", "--incidents", "90", "--content", "30", "--yes")["incident_days"], 90)
        self.assertEqual(self.json("retention", "set", "--incidents", "ever")["content_days"], 30)  # longer: nothing to ask
        self.run_cli("retention", "set", "--audit", "3", "--yes", status=65)
        self.run_cli("retention", "set", "--audit", "soon", "--yes", status=65)
        self.assertEqual(self.json("incident", "hold", self.incident, "--reason", "a lawsuit")["hold"]["reason"], "a lawsuit")
        self.run_cli("incident", "hold", self.incident, "--reason", "twice", status=73)
        self.assertEqual(self.quiet("retention", "holds"), [self.incident])
        self.look("retention", "holds")
        self.run_cli("incident", "release", self.incident, "--reason", "it is over")
        job, = self.quiet("retention", "run")
        self.daemon.wait_for(lambda: self.daemon.api.get("/jobs/" + job)["state"] == "done", 20, "a run")
        self.assertEqual(self.look("retention", "runs")["items"][0]["state"], "done")

    def backups(self):
        backup, place = (os.path.join(self.daemon.data, name) for name in ("one.backup", "restored"))
        made = self.json("backup", "create", backup)
        self.assertEqual(self.look("backup", "verify", backup)["sha256"], made["sha256"])
        self.text("backup", "restore", backup, "--data", place)
        self.assertEqual(self.json("check", "--mailboxes", "--data", place)["clean"], True)
        other = harness.Trawl(data=place)
        try:
            other.start()
            self.assertEqual(self.daemon.api.all("/incidents"), other.api.all("/incidents"))
            server = other.api.get("/mail-servers")["items"][0]
            self.assertTrue(other.api.get(f"/mail-servers/{server['id']}"))
        finally:
            other.stop()
        shutil.rmtree(place)
        os.unlink(backup)

    def removal(self):
        self.run_cli("server", "remove", "mail", status=73)
        self.run_cli("source", "remove", "abuse")
        self.run_cli("server", "remove", "mail")
        self.assertEqual(self.json("source", "list"), {"items": [], "more": False})


class Behaviour(CliTest):
    def on_a_terminal(self, *words, width=80, **environment):
        """What a terminal of this width is sent."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        process = subprocess.Popen([harness.BINARY, *words], stdin=child, stdout=child, stderr=child,
                                   env=self.environment(TERM="xterm", **environment))
        os.close(child)
        octets = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:
                break
            if not piece:
                break
            octets += piece
        os.close(parent)
        self.assertEqual(process.wait(30), 0)
        return octets.decode()

    def test_tables_fit_the_terminal_and_mail_cannot_move_its_cursor(self):
        self.begin(reports=30, people=40)
        self.receive(30)
        for words in (["incident", "list"], ["report", "list"], ["alert", "list"], ["job", "list"], ["activity"],
                      ["source", "list"], ["server", "list"], ["incident", "show", self.incident], ["key", "list"]):
            for width in (60, 80, 132):
                with self.subTest(words=words, width=width):
                    shown = self.on_a_terminal(*words, width=width)
                    self.assertIn("\033[", shown)
                    plain = SGR.sub("", shown)
                    self.assertNotRegex(plain, "[\x00-\x09\x0b-\x0c\x0e-\x1f\x7f\u202a-\u202e]")
                    if width >= 80:
                        self.assertEqual([line for line in plain.split("\r\n") if columns(line) > width], [])
        self.assertNotIn("\033[", self.on_a_terminal("incident", "list", NO_COLOR="1"))

    def ask(self, typed):
        """(status, what the terminal showed, whether it echoes afterwards) of `server add` that asks for a password."""
        self.assertTrue(any(k["name"] == "imap" for k in self.json("server", "kinds")["items"]))
        pid, parent = pty.fork()
        if pid == 0:
            os.execvpe(harness.BINARY, ["trawl", "server", "add", "far", "--kind", "imap", "--set", "host=imap.example.org",
                                        "--set", "login=master", "--set", "master_user=trawl", "--secret", "password"],
                       self.environment(TERM="dumb"))
        shown = b""
        while b"password: " not in shown:
            shown += os.read(parent, 1000)
        self.daemon.wait_for(lambda: not termios.tcgetattr(parent)[3] & termios.ECHO, 5, "silence")
        os.write(parent, typed)
        try:
            while piece := os.read(parent, 1000):
                shown += piece
        except OSError:
            pass
        _, status = os.waitpid(pid, 0)
        echo = bool(termios.tcgetattr(parent)[3] & termios.ECHO)
        os.close(parent)
        return os.waitstatus_to_exitcode(status), shown.decode(), echo

    def test_a_secret_is_asked_for_without_echo(self):
        self.begin(reports=0)
        self.assertEqual(self.ask(b"\x03")[::2], (130, True))
        self.assertEqual(self.quiet("server", "list"), [])
        status, shown, echo = self.ask(b"hunter2\n")
        self.assertEqual((status, echo), (0, True), shown)
        self.assertNotIn("hunter2", shown)
        self.assertEqual(self.json("server", "show", "far")["secret_set"], ["password"])

    def test_failures_are_one_line_with_what_to_do_and_a_status(self):
        self.begin(reports=1)
        self.receive(1)
        for words, status, said in (
                (["incident", "show", "999"], 66, "999"),
                (["report", "raw", "999"], 66, "999"),
                (["source", "show", "abus"], 66, 'did you mean "abuse"'),
                (["source", "add", "abuse", "--server", "mail", "--mailbox", "x@corp.example"], 73, "abuse"),
                (["source", "add", "x", "--server", "mail", "--mailbox", "no address"], 65, "SMTP address"),
                (["source", "set", "abuse", "--post-process", "move"], 65, "Destination Folder"),
                (["server", "add", "x", "--kind", "banana"], 65, "kind"),
                (["incident", "list", "--url", "http://127.0.0.1:1"], 69, "trawl serve")):
            with self.subTest(words=words):
                _, err = self.run_cli(*words, status=status)
                self.assertRegex(err, r"^trawl: [^\n]*; [^\n]*\n$")
                self.assertIn(said, err)

    def test_a_copy_that_cannot_be_pulled_is_status_1(self):
        self.begin(reports=1)
        self.receive(1)
        self.run_cli("server", "set", "mail", "--set", "quarantine_mailbox=nobody@" + demo.DOMAIN)
        before = self.world.snapshot()
        out, _ = self.run_cli("quarantine", self.incident, "--wait", status=1)
        self.assertIn("failed", out)
        self.assertEqual(self.world.snapshot(), before)

    def test_a_store_that_was_tampered_with_is_status_1(self):
        self.begin(reports=1)
        self.receive(1)
        self.run_cli("quarantine", self.incident, "--wait")
        path = self.world.messages(demo.QUARANTINE)[0][4]
        with open(path, "ab") as file:
            file.write(b"tampered")
        out, _ = self.run_cli("check", "--mailboxes", status=1)
        self.assertIn("is not the bytes that were taken", out)
        os.unlink(path)
        document = json.loads(self.run_cli("check", "--mailboxes", "--json", status=1)[0])
        self.assertEqual([c["name"] for c in document["checks"] if c["broken"]], ["quarantined-there"])
        self.run_cli("check")

    def test_what_people_change_after_a_restore_breaks_nothing(self):
        self.begin(reports=1)
        self.receive(1)
        self.run_cli("quarantine", self.incident, "--wait")
        self.run_cli("restore", self.incident, "--wait")
        person, other = list(self.campaign.recipients)[:2]
        self.run_cli("check", "--mailboxes", "--strict")
        read, deleted = (next(m for m in self.world.messages(box) if self.campaign.message_id in m[3].decode())
                         for box in (person, other))
        os.rename(read[4], read[4].split(":2,")[0] + ":2,FS")
        os.unlink(deleted[4])
        out, _ = self.run_cli("check", "--mailboxes")
        self.assertIn("2 changed since", out)
        self.assertRegex(out, r"(?s)changed them since.*moved or deleted it since|moved or deleted it since.*changed them since")
        out, _ = self.run_cli("check", "--mailboxes", "--strict", status=1)
        self.assertIn("2 of", out)

    def test_a_backup_of_a_busy_daemon_is_one_instant(self):
        self.begin(reports=20, people=20)
        self.configure()
        reports = 0
        for number in range(4):
            backup, place = (os.path.join(self.daemon.data, f"{name}{number}") for name in ("backup", "restored"))
            self.run_cli("backup", "create", backup)
            self.run_cli("backup", "restore", backup, "--data", place)
            document = self.json("check", "--data", place)
            self.assertTrue(document["clean"])
            rows = next(c["checked"] for c in document["checks"] if c["name"] == "report-kept")
            self.assertGreaterEqual(rows, reports)
            reports = rows
            self.run_cli("audit", "verify", "--data", place)
        self.daemon.wait_for_reports(20)

    def test_ctrl_c_ends_the_waiting_not_the_work(self):
        self.begin(reports=1)
        self.receive(1)
        worker = self.daemon.processes()["worker"]
        os.kill(worker, signal.SIGSTOP)
        try:
            waiter = subprocess.Popen([harness.BINARY, "quarantine", self.incident, "--wait"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=self.environment())
            responses = self.daemon.wait_for(lambda: self.daemon.api.all("/responses"), 20, "the response")
            time.sleep(0.5)
            waiter.send_signal(signal.SIGINT)
            out, err = waiter.communicate(timeout=10)
        finally:
            os.kill(worker, signal.SIGCONT)
        self.assertEqual((waiter.returncode, out), (130, ""))
        self.assertIn("goes on without you", err)
        response, _ = self.daemon.wait_for_response(responses[0])
        self.assertEqual(response["counts"], {"success": len(self.campaign.recipients)})

    def test_following_survives_a_restart_of_the_daemon(self):
        self.begin(reports=1)
        self.receive(1)
        port = self.daemon.api.url.rsplit(":", 1)[1].rstrip("/")
        follower = subprocess.Popen([harness.BINARY, "activity", "--follow", "--json", "-n", "1"], stdout=subprocess.PIPE,
                                    text=True, env=self.environment())
        try:
            first = json.loads(follower.stdout.readline())
            self.daemon.stop()
            self.daemon.start(listen="127.0.0.1:" + port)
            self.run_cli("incident", "set", self.incident, "--severity", "minor")
            seen = [first["seq"]]
            while True:
                record = json.loads(follower.stdout.readline())
                seen.append(record["seq"])
                if record["action"] == "incident.update":
                    break
            self.assertEqual(seen, list(range(seen[0], seen[0] + len(seen))))
        finally:
            follower.kill()
            follower.wait()
            follower.stdout.close()


if __name__ == "__main__":
    tap.main()
