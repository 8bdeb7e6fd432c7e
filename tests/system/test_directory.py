#!/usr/bin/env python3
"""Logging in by a real directory: OpenLDAP's slapd, over TLS."""
import os
import socket
import subprocess
import threading
import time
import unittest

import harness
import signon
import slapd
import tap

SOC = f"cn=soc,ou=groups,{slapd.SUFFIX}"
LEAVERS = f"cn=leavers,ou=groups,{slapd.SUFFIX}"
UNIFORM = "name and passphrase do not fit together, or the account is locked"


class Listener:
    """Takes what it is sent, and says what it is told to, once."""

    def __init__(self, answer=b""):
        self.answer, self.taken = answer, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                connection = self.listener.accept()[0]
                self.accepted.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except OSError:
            pass

    def _serve(self, connection):
        try:
            while piece := connection.recv(4096):
                self.taken += piece
                if self.answer:
                    connection.sendall(self.answer)
        except OSError:
            pass

    def close(self):
        for one in [self.listener, *self.accepted]:
            one.close()


@unittest.skipUnless(slapd.SLAPD, "slapd is not installed")
class Directory(harness.SystemTest):
    def begin(self, certificate="cert"):
        trawl = self.trawl()
        self.url = trawl.api.url
        self.slapd = slapd.Slapd(certificate)
        self.addCleanup(self.slapd.close)
        return trawl

    def connect(self, trawl, secret=slapd.SERVICE_PASSWORD, **config):
        made = {"url": self.slapd.ldaps, "ca_file": self.slapd.ca, "bind_dn": slapd.SERVICE, "base": "ou=people," + slapd.SUFFIX,
                "roles": [SOC + "=analyst"], "refused_groups": [LEAVERS], "create_accounts": "yes", **config}
        return trawl.api.post("/identity-providers", {
            "name": "House", "kind": "ldap", "config": {name: value for name, value in made.items() if value is not None},
            "secret": {"bind_password": secret} if secret else {}})

    def by_template(self, trawl, **config):
        return self.connect(trawl, None, bind_dn=None, base=None, dn_template="uid={name},ou=people," + slapd.SUFFIX, **config)

    def log_in(self, house, name, password="right"):
        browser = signon.Browser(self.url)
        status, document = browser.api("POST", "/sign-on", {"provider": house["id"], "name": name, "password": password})
        self.browser = browser
        return status, document

    def refused(self, answer, words=UNIFORM, status=401):
        self.assertEqual(answer[0], status, answer[1])
        self.assertIn(words, answer[1]["detail"])

    def reasons(self, trawl):
        return [one["detail"]["reason"] for one in trawl.api.all("/activity") if one["action"] == "session.refuse"]

    def state(self, trawl, house):
        return trawl.api.get(f"/identity-providers/{house['id']}")["state"]

    def lines(self, trawl, house):
        job = trawl.api.post(f"/identity-providers/{house['id']}/check")
        done = trawl.wait_for(lambda: (lambda one: one if one["state"] == "done" else None)(trawl.api.get(f"/jobs/{job['id']}")), 30, "a check")
        return {line["what"]: line for line in done["result"]["lines"]}

    def test_somebody_is_found_and_let_in_over_tls(self):
        trawl = self.begin()
        house = self.connect(trawl)
        for url in (self.slapd.ldaps, self.slapd.starttls):
            with self.subTest(url):
                trawl.api.patch(f"/identity-providers/{house['id']}", {"config": {"url": url}, "secret": {"bind_password": slapd.SERVICE_PASSWORD}})
                status, session = self.log_in(house, "ada")
                self.assertEqual(status, 201, session)
                self.assertEqual([session["user"][one] for one in ("name", "display_name", "email", "role")],
                                 ["ada", "Ada Byrne", "ada@corp.example", "analyst"])
                self.assertEqual(self.browser.session()[0], 200)
                self.assertEqual({line["level"] for line in self.lines(trawl, house).values()}, {"ok"})
        identities = trawl.api.all("/identities")
        self.assertEqual([one["issuer"] for one in identities], [f"ldap:{house['id']}"])
        self.assertRegex(identities[0]["subject"], "^[0-9a-f-]{36}$")

    def test_by_a_template_everybody_asks_for_himself(self):
        trawl = self.begin()
        house = self.by_template(trawl)
        self.assertEqual(self.log_in(house, "ada")[0], 201)
        self.refused(self.log_in(house, "ada", "wrong"))
        self.refused(self.log_in(house, "bo"), "none of your groups", 403)
        for name in ("ada,ou=people," + slapd.SUFFIX, "x+uid=ada", "ada\\", "#ada", "*"):
            with self.subTest(name):
                self.refused(self.log_in(house, name))

    def test_groups_that_name_their_members_are_searched(self):
        trawl = self.begin()
        house = self.connect(trawl, group_attribute="description", group_base="ou=groups," + slapd.SUFFIX)
        self.assertEqual(self.log_in(house, "ada")[1]["user"]["role"], "analyst")
        self.refused(self.log_in(house, "cy"), "whose members do not log in", 403)

    def test_every_wrong_log_in_gets_the_same_answer(self):
        trawl = self.begin()
        house = self.connect(trawl)
        answers = [self.log_in(house, *one) for one in (("ada", "wrong"), ("nobody", "right"), ("twin", "right"))]
        self.assertEqual({str(one) for one in answers}, {str(answers[0])})
        self.refused(answers[0])
        self.assertEqual(len(set(self.reasons(trawl))), 3)
        self.assertEqual(self.log_in(house, "ada", "")[0], 400)
        self.assertEqual(trawl.api.all("/users"), [])

    def test_a_name_is_a_name_and_no_filter(self):
        trawl = self.begin()
        house = self.connect(trawl)
        for name in ("*", "ad*", "ada)(uid=*", "*)(|(uid=*", "ada)(objectClass=*)(&(uid=ada", "\\61da", "(", "ada\\00"):
            with self.subTest(name):
                self.refused(self.log_in(house, name))
        for name in ("o*d", "o(d)d"):
            self.assertEqual(self.log_in(house, name)[1]["user"]["name"], "odd")

    def test_who_is_in_a_refused_group_is_out(self):
        trawl = self.begin()
        house = self.connect(trawl)
        self.refused(self.log_in(house, "cy"), "whose members do not log in", 403)
        self.assertIn("whose members do not log in", self.reasons(trawl)[0])

    def test_guessing_locks_the_account(self):
        trawl = self.begin()
        house = self.connect(trawl, filter="(|(uid={name})(mail={name}))")
        self.assertEqual(self.log_in(house, "ada")[0], 201)
        for way in ("ada", "ADA", "ada@corp.example") * 3 + ("ada@corp.example",):  # all of them are ada to the directory
            self.refused(self.log_in(house, way, "wrong"))
        self.refused(self.log_in(house, "ada@corp.example"))
        self.refused(self.log_in(house, "ada"))
        self.assertEqual(self.reasons(trawl)[-1], "the account is locked")
        user = trawl.api.all("/users")[0]
        trawl.api.post(f"/users/{user['id']}/unlock")
        self.assertEqual(self.log_in(house, "ada")[0], 201)

    def test_an_account_is_found_by_its_name_where_that_is_wanted(self):
        trawl = self.begin()
        house = self.connect(trawl, link_accounts="name", create_accounts="no")
        self.refused(self.log_in(house, "ada"), "no account for you here yet", 403)
        user = trawl.api.post("/users", {"name": "Ada", "role": "viewer"})
        self.assertEqual(self.log_in(house, "ada")[1]["user"]["id"], user["id"])
        trawl.api.post("/users", {"name": "odd", "role": "administrator", "password": "four herons over water"})
        self.refused(self.log_in(house, "odd"), "no account for you here yet", 403)

    def test_a_certificate_that_does_not_prove_anything_is_refused(self):
        trawl = self.begin()
        house = self.connect(trawl, ca_file=None)
        for url in (self.slapd.ldaps, self.slapd.starttls):
            with self.subTest(url):
                trawl.api.patch(f"/identity-providers/{house['id']}", {"config": {"url": url}, "secret": {"bind_password": slapd.SERVICE_PASSWORD}})
                self.assertEqual(self.log_in(house, "ada")[0], 503)
                self.assertEqual(self.lines(trawl, house)["encrypted connection"]["level"], "failed")
        self.assertIn("no encrypted connection", self.state(trawl, house)["last_error"])

    def test_a_certificate_of_another_host_or_time_is_refused(self):
        for certificate in ("wrong-host", "expired", "self-signed"):
            with self.subTest(certificate):
                trawl = self.begin(certificate)
                house = self.connect(trawl)
                self.assertEqual(self.log_in(house, "ada")[0], 503)
                self.assertEqual(self.lines(trawl, house)["encrypted connection"]["level"], "failed")

    def test_where_there_is_no_tls_nothing_is_told(self):
        trawl = self.begin()
        # a refusal of the extended operation, RFC 4511 §4.12
        listener = Listener(bytes.fromhex("300c02010178070a010204000400"))
        self.addCleanup(listener.close)
        house = self.by_template(trawl, url=f"ldap://127.0.0.1:{listener.port}")
        self.assertEqual(self.log_in(house, "ada", "a word that is not to be seen")[0], 503)
        self.assertIn(b"1.3.6.1.4.1.1466.20037", listener.taken)
        self.assertNotIn(b"not to be seen", listener.taken)
        self.assertNotIn(b"uid=ada", listener.taken)

    def test_a_machines_own_settings_change_nothing(self):
        trawl = self.trawl(environment={"LDAPTLS_REQCERT": "never", "LDAPTLS_CACERT": "/dev/null"})
        self.url, self.slapd = trawl.api.url, slapd.Slapd()
        self.addCleanup(self.slapd.close)
        house = self.connect(trawl, ca_file=None)
        self.assertEqual(self.log_in(house, "ada")[0], 503)

    def test_what_an_administrator_has_to_do_is_for_administrators(self):
        trawl = self.begin()
        house = self.connect(trawl, "not the password")
        answer = self.log_in(house, "ada")
        self.refused(answer, "House could not be asked", 503)
        self.assertNotIn("service", answer[1]["detail"])
        self.assertIn("does not let the service account in", self.state(trawl, house)["last_error"])
        self.assertIn("does not let the service account in", self.lines(trawl, house)["service account"]["detail"])
        self.slapd.stop()
        self.assertEqual(self.log_in(house, "ada")[0], 503)

    def test_one_that_never_answers_is_given_up(self):
        trawl = self.begin()
        listener = Listener()
        self.addCleanup(listener.close)
        house = self.by_template(trawl, url=f"ldaps://127.0.0.1:{listener.port}")
        begun = time.monotonic()
        self.assertIn(self.log_in(house, "ada")[0], (503, 504))
        self.assertLess(time.monotonic() - begun, 25)

    def test_a_passphrase_is_nowhere_afterwards(self):
        trawl = self.begin()
        house = self.connect(trawl)
        word = "a word that is not to be seen"
        self.refused(self.log_in(house, "ada", word))
        self.assertEqual(self.log_in(house, "ada")[0], 201)
        trawl.stop()
        self.assertNotIn(word, trawl.log())
        for folder, _, files in os.walk(os.path.join(trawl.data, "db")):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                self.assertNotIn(word.encode(), content, name)
                self.assertNotIn(slapd.SERVICE_PASSWORD.encode(), content, name)

    def test_the_command_line_helps_when_nobody_gets_in(self):
        trawl = self.begin()
        house = self.connect(trawl)
        trawl.api.post("/users", {"name": "root", "role": "administrator", "password": "four herons over water"})
        run = lambda *words: subprocess.run([harness.BINARY, "provider", *words, "--data", trawl.data], capture_output=True, text=True, check=False)
        self.assertIn("House", run("list").stdout)
        checked = run("check", "House")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn("certificate verified", checked.stdout)
        self.assertEqual(run("set", "House", "--only-way").returncode, 0)
        self.assertTrue(trawl.api.get("/session/methods")["only_way"])
        self.assertEqual(run("set", "House", "--disable", "--not-only-way").returncode, 0)
        self.assertEqual(trawl.api.get("/session/methods"), {"setup_needed": False, "providers": [], "only_way": False})
        self.assertNotEqual(run("set", "House", "--disable", "--enable").returncode, 0)
        trawl.api.patch(f"/identity-providers/{house['id']}", {"enabled": True})
        self.slapd.stop()
        broken = run("check", "House")
        self.assertEqual((broken.returncode, "nothing answers there" in broken.stdout), (1, True), broken.stdout + broken.stderr)

    def test_what_does_not_fit_is_refused_by_its_name(self):
        trawl = self.begin()
        for change, word in (({"url": "http://x.example"}, "url"), ({"url": "ldap://"}, "url"), ({"base": None}, "base"),
                             ({"dn_template": "uid={name}"}, "bind_dn"), ({"filter": "(uid=ada)"}, "filter"), ({"group_filter": "(x=y)"}, "group_filter")):
            with self.subTest(str(change)), self.assertRaises(harness.ApiError) as refused:
                self.connect(trawl, **change)
            self.assertIn(word, str(refused.exception))
        with self.assertRaises(harness.ApiError):
            self.connect(trawl, None)


if __name__ == "__main__":
    tap.main()
