#!/usr/bin/env python3
"""Single sign-on against a real provider, and against one that lies: test_sign_on.py PEERS."""
import os
import re
import shutil
import sys
import unittest

import harness
import tap
import signon

PEERS = os.path.abspath(sys.argv.pop(1))
SECRET = "a secret of the tests, long enough"
PASSPHRASE = "four herons over water"
ROLES = ["soc=analyst", "leads=responder"]


class World(harness.SystemTest):
    def start(self):
        trawl = self.trawl()
        self.url = trawl.api.url
        return trawl

    def connect(self, trawl, issuer, name="Corp", client="trawl", secret=SECRET, only_way=False, **config):
        made = {"issuer": issuer, "client_id": client, "console_url": self.url, "roles": ROLES, "create_accounts": "yes", **config}
        return trawl.api.post("/identity-providers", {
            "name": name, "kind": "oidc", "only_way": only_way, "config": {k: v for k, v in made.items() if v is not None},
            "secret": {"client_secret": secret} if secret else {}})

    def browser(self):
        return signon.Browser(self.url)

    def records(self, trawl, action):
        return [one for one in trawl.api.all("/activity") if one["action"] == action]

    def refused(self, answer, words, status=403):
        self.assertEqual(answer[0], status, answer[1])
        self.assertIn(words, answer[1]["detail"])

    def job_lines(self, trawl, path):
        job = trawl.api.post(path)
        done = trawl.wait_for(lambda: (lambda one: one if one["state"] == "done" else None)(trawl.api.get(f"/jobs/{job['id']}")),
                              20, "a check")
        return {line["what"]: line for line in done["result"]["lines"]}


@unittest.skipUnless(shutil.which("npm"), "npm is not installed")
class RealProvider(World):
    def setUp(self):
        super().setUp()
        signon.install(PEERS)

    def begin(self, **config):
        trawl = self.start()
        self.provider = signon.provider(PEERS, self.url + "/sign-on/callback")
        self.addCleanup(self.provider.close)
        return trawl, self.connect(trawl, self.provider.issuer, **config)

    def test_somebody_new_gets_an_account_with_the_role_of_a_group(self):
        trawl, corp = self.begin()
        self.assertEqual(corp["redirect_url"], self.url + "/sign-on/callback")
        self.assertNotIn("secret", corp)
        self.assertEqual(corp["secret_set"], ["client_secret"])
        browser = self.browser()
        status, session = browser.log_in(corp["id"])
        self.assertEqual(status, 201, session)
        self.assertEqual([session["user"][name] for name in ("name", "display_name", "email", "role", "password_set")],
                         ["ada", "Ada Byrne", "ada@corp.example", "analyst", False])
        cookie = next(line for line in browser.set if line.startswith("__Host-trawl="))
        for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, cookie)
        self.assertEqual(browser.session()[0], 200)
        for action in ("user.create", "identity.link", "session.begin"):
            self.assertEqual(len(self.records(trawl, action)), 1, action)
        self.assertEqual(self.records(trawl, "session.begin")[0]["detail"]["provider"], "Corp")
        again = self.browser().log_in(corp["id"])[1]
        self.assertEqual(again["user"]["id"], session["user"]["id"])
        self.assertEqual(len(self.records(trawl, "user.create")), 1)

    def test_every_way_a_client_is_known_by(self):
        trawl, corp = self.begin()
        for client, secret in (("trawl-post", "another: with & and + in it, too"), ("trawl-public", None),
                               ("trawl-ps", "a third one, for another signature")):
            with self.subTest(client):
                one = self.connect(trawl, self.provider.issuer, client, client, secret)
                self.assertEqual(self.browser().log_in(one["id"])[0], 201)

    def test_the_secret_is_tried_by_the_check(self):
        trawl, corp = self.begin()
        lines = self.job_lines(trawl, f"/identity-providers/{corp['id']}/check")
        self.assertEqual({line["level"] for line in lines.values()}, {"ok"}, lines)
        self.assertIn(self.url + "/sign-on/callback", lines["way back"]["detail"])
        trawl.api.patch(f"/identity-providers/{corp['id']}", {"secret": {"client_secret": "a wrong one"}})
        lines = self.job_lines(trawl, f"/identity-providers/{corp['id']}/check")
        self.assertEqual(lines["client"]["level"], "failed")
        self.assertIn("invalid_client", lines["client"]["detail"])
        self.assertIn("invalid_client", trawl.api.get(f"/identity-providers/{corp['id']}")["state"]["last_error"])

    def test_groups_decide(self):
        trawl, corp = self.begin(refused_groups=["leavers"], email_domains=["corp.example"], email_trust="any")
        self.refused(self.browser().log_in(corp["id"], "bo"), "none of your groups")
        self.refused(self.browser().log_in(corp["id"], "cy"), "whose members do not log in")
        self.refused(self.browser().log_in(corp["id"], "di"), "not of a domain that may log in")
        self.assertEqual(self.browser().log_in(corp["id"], "ed")[1]["user"]["role"], "responder")
        reasons = [one["detail"]["reason"] for one in self.records(trawl, "session.refuse")]
        self.assertEqual(len(reasons), 3)
        self.assertEqual(len(trawl.api.all("/users")), 1)

    def test_an_address_that_nobody_vouches_for_does_not_count(self):
        trawl, corp = self.begin(email_domains=["corp.example"])
        self.refused(self.browser().log_in(corp["id"], "ed"), "does not vouch for it")

    def test_a_role_follows_the_groups_and_ends_older_sessions(self):
        trawl, corp = self.begin()
        browser = self.browser()
        browser.log_in(corp["id"])
        trawl.api.patch(f"/identity-providers/{corp['id']}", {"config": {"roles": ["everybody=viewer"]}})
        self.assertEqual(self.browser().log_in(corp["id"])[1]["user"]["role"], "viewer")
        self.assertEqual(browser.session()[0], 401)
        last = self.browser()
        last.log_in(corp["id"])
        trawl.api.patch(f"/identity-providers/{corp['id']}", {"config": {"roles": ["leads=viewer"]}})
        self.refused(self.browser().log_in(corp["id"]), "none of your groups")
        self.assertEqual(last.session()[0], 401)

    def test_a_name_that_is_taken_is_nobody_elses(self):
        trawl, corp = self.begin(link_accounts="email")
        trawl.api.post("/users", {"name": "ada", "role": "administrator", "email": "ada@corp.example", "password": PASSPHRASE})
        self.refused(self.browser().log_in(corp["id"]), "there is an account called \"ada\" here already")
        self.assertEqual(trawl.api.all("/identities"), [])

    def test_an_account_without_a_passphrase_is_found_by_its_address_once(self):
        trawl, corp = self.begin(link_accounts="email", create_accounts="no")
        user = trawl.api.post("/users", {"name": "a.byrne", "role": "viewer", "email": "ADA@corp.example"})
        session = self.browser().log_in(corp["id"])[1]
        self.assertEqual((session["user"]["id"], session["user"]["role"]), (user["id"], "analyst"))
        trawl.api.patch(f"/users/{user['id']}", {"email": "other@corp.example"})
        self.assertEqual(self.browser().log_in(corp["id"])[0], 201)
        self.refused(self.browser().log_in(corp["id"], "mara"), "there is no account for you here yet")
        trawl.api.patch(f"/users/{user['id']}", {"email": "mara@corp.example"})
        self.refused(self.browser().log_in(corp["id"], "mara"), "there is no account for you here yet")
        identity = trawl.api.all("/identities")[0]
        self.assertEqual((identity["user"], identity["subject"], identity["issuer"]), ("a.byrne", "ada", self.provider.issuer))

    def test_who_is_switched_off_or_deleted_is_out(self):
        trawl, corp = self.begin()
        browser = self.browser()
        user = browser.log_in(corp["id"])[1]["user"]
        trawl.api.patch(f"/users/{user['id']}", {"enabled": False})
        self.assertEqual(browser.session()[0], 401)
        self.refused(self.browser().log_in(corp["id"]), "switched off")

    def test_a_provider_that_is_switched_off_ends_what_it_began(self):
        trawl, corp = self.begin()
        browser = self.browser()
        browser.log_in(corp["id"])
        url = browser.leave(corp["id"])
        trawl.api.patch(f"/identity-providers/{corp['id']}", {"enabled": False})
        self.assertEqual(browser.session()[0], 401)
        self.assertEqual(browser.finish(browser.wander(url))[0], 404)
        self.assertEqual(self.browser().api("POST", "/sign-on", {"provider": corp["id"]})[0], 404)
        self.assertEqual(trawl.api.get("/session/methods")["providers"], [])

    def test_the_only_way_leaves_administrators_another(self):
        trawl, corp = self.begin()
        status, problem = self.browser().api("PATCH", f"/identity-providers/{corp['id']}", {"only_way": True},
                                             {"Authorization": "Bearer " + trawl.api.key})
        self.assertEqual(status, 409, problem)
        for name, role in (("root", "administrator"), ("bob", "analyst")):
            trawl.api.post("/users", {"name": name, "role": role, "password": PASSPHRASE})
        trawl.api.patch(f"/identity-providers/{corp['id']}", {"only_way": True})
        self.assertTrue(trawl.api.get("/session/methods")["only_way"])
        log_in = lambda name, words=PASSPHRASE: self.browser().api("POST", "/session", {"name": name, "password": words})
        self.refused(log_in("bob"), "only administrators log in with a passphrase")
        self.refused(log_in("bob", "four herons under water"), "do not fit together", 401)
        self.assertEqual(log_in("root")[0], 201)
        root = next(one for one in trawl.api.all("/users") if one["name"] == "root")
        with self.assertRaises(harness.ApiError) as refused:
            trawl.api.patch(f"/users/{root['id']}", {"role": "analyst"})
        self.assertEqual(refused.exception.status, 409)

    def test_logging_out_ends_both_where_it_is_wanted(self):
        trawl, corp = self.begin(logout="yes")
        browser = self.browser()
        session = browser.log_in(corp["id"])[1]
        status, _, text = browser.request("DELETE", self.url + "/v1/session", headers={"X-CSRF-Token": session["csrf"]})
        self.assertEqual(status, 200)
        self.assertIn(self.provider.issuer + "/session/end?client_id=trawl&post_logout_redirect_uri=", text)
        self.assertEqual(browser.session()[0], 401)

    def test_a_code_counts_once_in_one_browser_in_its_own_time(self):
        trawl, corp = self.begin()
        victim, attacker = self.browser(), self.browser()
        back = attacker.wander(attacker.leave(corp["id"]), {"login": "bo", "password": "right"})
        self.refused(victim.finish(back), "not begun in this browser")
        victim.leave(corp["id"])
        self.refused(victim.finish(back), "another log-in than the one that was begun in this browser")
        self.assertEqual(victim.session()[0], 401)
        browser = self.browser()
        back = browser.wander(browser.leave(corp["id"]), {"login": "ada", "password": "right"})
        kept = dict(browser.cookies[browser.console.split("//")[1]])
        self.assertEqual(browser.finish(back)[0], 201)
        self.refused(browser.finish(back), "not begun in this browser")
        thief = self.browser()
        thief.cookies[thief.console.split("//")[1]] = {name: value for name, value in kept.items() if "sign-on" in name}
        self.refused(thief.finish(back), "finished before")

    def test_whoever_is_turned_away_there_is_told(self):
        trawl, corp = self.begin()
        browser = self.browser()
        self.refused(browser.finish(browser.wander(browser.leave(corp["id"]), {"no": "1"})), "Corp let nobody in: access_denied")

    def test_nothing_of_a_log_in_lies_in_the_store(self):
        trawl, corp = self.begin()
        browser = self.browser()
        back = browser.wander(browser.leave(corp["id"]), {"login": "ada", "password": "right"})
        self.assertEqual(browser.finish(back)[0], 201)
        trawl.stop()
        for secret in (back["code"], SECRET, back["state"]):
            self.assertNotIn(secret, trawl.log())
        for folder, _, files in os.walk(os.path.join(trawl.data, "db")):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                for secret in (back["code"], SECRET, back["state"]):
                    self.assertNotIn(secret.encode(), content, name)


@unittest.skipUnless(shutil.which("node"), "node is not installed")
class LyingProvider(World):
    LIES = [
        ("nonce", "made for another log-in"), ("no nonce", "made for another log-in"), ("iss", "of another issuer"),
        ("aud", "for another application"), ("aud many", "for several applications"), ("azp", "asked for by another application"),
        ("sub", "does not say who it is about"), ("expired", "has expired"), ("old", "is old"), ("future", "from the future"),
        ("not before", "does not count yet"), ("no exp", "from when to when"), ("alg none", "not signed in a way that counts"),
        ("alg None", "not signed in a way that counts"), ("hs256", "not signed in a way that counts"),
        ("unsigned", "signature of the provider's token is wrong"), ("other key", "signature of the provider's token is wrong"),
        ("changed", "signature of the provider's token is wrong"), ("crit", "needs an extension"),
        ("weak", "signature of the provider's token is wrong"), ("garbage", "not a signed JSON web token"),
        ("no token", "holds no ID token"), ("somebody else", "answered about somebody else"), ("many groups", "more groups than the provider tells"),
    ]

    def begin(self, **config):
        trawl = self.start()
        self.peer = signon.hostile()
        self.addCleanup(self.peer.close)
        return trawl, self.connect(trawl, self.peer.issuer, **config)

    def attempt(self, corp, lie="none", headers=None, **more):
        self.peer.tell(lie=lie)
        browser = self.browser()
        back = browser.wander(browser.leave(corp["id"]))
        return browser.finish({**back, **more})

    def test_every_lie_is_refused_in_words(self):
        trawl, corp = self.begin()
        self.assertEqual(self.attempt(corp)[0], 201)
        for i, (lie, words) in enumerate(self.LIES):
            with self.subTest(lie):
                if i % 15 == 14:  # the address has failed so often that it has to wait
                    trawl.stop()
                    trawl.start(listen=self.url.split("//")[1])
                self.refused(self.attempt(corp, lie), words)
        self.assertEqual(len(trawl.api.all("/users")), 1)
        reasons = [one["detail"]["reason"] for one in self.records(trawl, "session.refuse")]
        self.assertEqual(len(reasons), len(self.LIES))

    def test_keys_that_are_not_published_are_none(self):
        trawl, corp = self.begin()
        for lie in ("unknown kid", "own jwk", "jku"):
            status, problem = self.attempt(corp, lie)
            self.assertEqual(status, 503, problem)
            self.assertIn("could not be asked", problem["detail"])
            self.assertIn("does not publish", trawl.api.get(f"/identity-providers/{corp['id']}")["state"]["last_error"])
        self.assertNotIn("GET /other-keys", self.peer.tell(lie="none")["log"])

    def test_a_new_key_counts_at_once(self):
        trawl, corp = self.begin()
        self.assertEqual(self.attempt(corp)[0], 201)
        self.assertEqual(self.attempt(corp, "rotated")[0], 201)
        self.assertEqual(self.attempt(corp, "no kid")[0], 201)

    def test_another_issuer_in_the_answer_is_a_mix_up(self):
        trawl, corp = self.begin()
        self.refused(self.attempt(corp, iss="https://login.bank.example"), "another provider answered")
        self.assertEqual(self.attempt(corp, iss=self.peer.issuer)[0], 201)
        trawl.api.patch(f"/identity-providers/{corp['id']}", {"name": "Anew"})
        self.refused(self.attempt(corp, "mix-up"), "another provider answered")

    def test_what_a_provider_says_of_itself_is_checked(self):
        trawl, corp = self.begin()
        for lie, words in (("issuer", "calls itself \"https://login.bank.example\""), ("plain", "\"token_endpoint\" is not an https address")):
            self.peer.tell(lie=lie)
            lines = self.job_lines(trawl, f"/identity-providers/{corp['id']}/check")
            self.assertIn(words, lines["what the provider says of itself"]["detail"])
            status, problem = self.browser().api("POST", "/sign-on", {"provider": corp["id"]})
            self.assertEqual(status, 503, problem)

    def test_too_much_is_cut_off_and_one_that_is_gone_is_said_to_be(self):
        trawl, corp = self.begin()
        self.assertEqual(self.attempt(corp, "huge")[0], 503)
        self.assertIn("longer than", trawl.api.get(f"/identity-providers/{corp['id']}")["state"]["last_error"])
        self.peer.close()
        browser = self.browser()
        back = {"state": re.search(r"state=([^&]+)", browser.leave(corp["id"]))[1], "code": "x"}
        self.assertEqual(browser.finish(back)[0], 503)

    def test_guessing_is_slowed_down(self):
        trawl, corp = self.begin()
        statuses = {self.browser().finish({"state": "x", "code": "y"})[0] for _ in range(25)}
        self.assertEqual(statuses, {403, 429})

    def test_another_site_begins_and_ends_nothing(self):
        trawl, corp = self.begin()
        for path, body in (("/sign-on", {"provider": corp["id"]}), ("/sign-on/finish", {"state": "x"})):
            self.assertEqual(self.browser().api("POST", path, body, {"Sec-Fetch-Site": "cross-site"})[0], 403)


class Settings(World):
    def test_what_does_not_fit_is_refused_by_its_name(self):
        trawl = self.start()
        good = {"issuer": "https://login.corp.example", "client_id": "trawl", "console_url": self.url, "roles": ["a=viewer"]}
        cases = [
            ({"issuer": "http://login.corp.example"}, "issuer"), ({"issuer": "https://u:p@login.corp.example"}, "issuer"),
            ({"issuer": None}, "issuer"), ({"console_url": self.url + "/x"}, "console_url"), ({"scopes": "email"}, "scopes"),
            ({"roles": ["analyst"]}, "roles"), ({"roles": None}, "roles"), ({"roles": ["a=emperor"]}, "emperor"),
            ({"logout": "maybe"}, "logout"), ({"colour": "red"}, "colour"), ({"client_secret": "x"}, "client_secret"),
        ]
        for change, word in cases:
            with self.subTest(str(change)), self.assertRaises(harness.ApiError) as refused:
                config = {name: value for name, value in {**good, **change}.items() if value is not None}
                trawl.api.post("/identity-providers", {"name": "x", "kind": "oidc", "config": config})
            self.assertEqual(refused.exception.status, 400)
            self.assertIn(word, str(refused.exception))

    def test_a_secret_goes_to_no_other_place(self):
        trawl = self.start()
        one = self.connect(trawl, "https://login.corp.example")
        with self.assertRaises(harness.ApiError) as refused:
            trawl.api.patch(f"/identity-providers/{one['id']}", {"config": {"issuer": "https://evil.example"}})
        self.assertIn("send the secret again", str(refused.exception))
        trawl.api.patch(f"/identity-providers/{one['id']}", {"config": {"issuer": "https://new.corp.example"}, "secret": {"client_secret": "y"}})
        self.assertNotIn("long enough", str(trawl.api.get("/identity-providers")) + str(trawl.api.all("/activity")))


if __name__ == "__main__":
    tap.main()
