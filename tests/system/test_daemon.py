#!/usr/bin/env python3
"""The daemon as a whole: roles that die, stops, a second daemon, sources that do not disturb each other."""
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest

import harness
import tap
from harness import demo

NOW = int(time.time()) - 3600


class DeafServer:
    """Accepts connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                self.accepted.append(self.listener.accept()[0])
        except OSError:
            pass

    def close(self):
        self.listener.close()
        for connection in self.accepted:
            connection.close()


class Daemon(harness.SystemTest):
    def organisation(self):
        return demo.Organisation(seed=4, now=NOW, people=8, ordinary=4)

    def test_a_source_that_hangs_delays_no_other(self):
        organisation = self.organisation()
        mail, trawl, deaf = self.mail(organisation), self.trawl(), DeafServer()
        self.addCleanup(deaf.close)
        hanging = trawl.api.post("/mail-servers", {"name": "deaf", "kind": "imap", "secret": {"password": "x"}, "config": {
            "host": "127.0.0.1", "port": deaf.port, "login": "master", "master_user": "svc",
            "domains": ["deaf.example"]}})
        for number in range(12):
            trawl.add_source(hanging, f"deaf {number}", f"abuse{number}@deaf.example")
        trawl.wait_for(lambda: deaf.accepted, 20, "a poll of the deaf server")
        mail.deliver(*organisation.reports[:4])
        source = trawl.add_source(mail.add_server(trawl))
        trawl.wait_for_reports(4, 10)
        self.assertIsNone(trawl.api.get(f"/sources/{source['id']}")["state"]["last_error"])

    def test_a_role_that_is_killed_comes_back_and_work_goes_on(self):
        organisation = self.organisation()
        mail, trawl = self.mail(organisation), self.trawl()
        source = trawl.add_source(mail.add_server(trawl))
        for number, role in enumerate(("worker", "reader", "web")):
            with self.subTest(role=role):
                pid = trawl.processes()[role]
                os.kill(pid, signal.SIGKILL)
                trawl.wait_for(lambda: trawl.processes().get(role) not in (None, pid), 20, f"a new {role}")
                trawl.wait_until_serving()
                mail.deliver(organisation.reports[number])
                trawl.poll_now(source)
                trawl.wait_for_reports(number + 1)
        trawl.check()

    def test_sigterm_ends_everything_within_ten_seconds_while_it_works(self):
        organisation = self.organisation()
        mail, trawl, deaf = self.mail(organisation), self.trawl(), DeafServer()
        self.addCleanup(deaf.close)
        hanging = trawl.api.post("/mail-servers", {"name": "deaf", "kind": "imap", "secret": {"password": "x"}, "config": {
            "host": "127.0.0.1", "port": deaf.port, "login": "master", "master_user": "svc",
            "domains": ["deaf.example"]}})
        trawl.add_source(hanging, "deaf", "abuse@deaf.example")
        mail.deliver(*organisation.reports)
        trawl.add_source(mail.add_server(trawl))
        trawl.wait_for(lambda: deaf.accepted and trawl.reports(), 20, "work")
        group = trawl.process.pid
        self.assertLess(trawl.stop(), 10.5)
        with self.assertRaises(ProcessLookupError):
            os.killpg(group, 0)
        trawl.start()
        trawl.wait_for_reports(len(organisation.reports))
        trawl.check()

    def test_sighup_takes_up_what_changed_and_nothing_that_is_wrong(self):
        organisation = self.organisation()
        mail, directory = self.mail(organisation), tempfile.mkdtemp(prefix="trawl-config-")
        self.addCleanup(shutil.rmtree, directory)
        config = os.path.join(directory, "trawl.conf")

        def write(text):
            with open(config, "w") as file:
                file.write("[serve]\n" + text)

        def is_known(host):
            try:
                trawl.wait_until_serving()  # at another port, perhaps
                return trawl.api.request("GET", "/health", headers={"Host": host})[0] == 200
            except OSError:
                return False
        write("hosts = one.example\n")
        trawl = self.trawl(arguments=["--config", config])
        source = trawl.add_source(mail.add_server(trawl))
        self.assertTrue(is_known("one.example"))
        self.assertFalse(is_known("two.example"))
        before = trawl.processes()
        write("hosts = two.example\n")
        os.kill(trawl.process.pid, signal.SIGHUP)
        trawl.wait_for(lambda: is_known("two.example"), 30, "the changed configuration")
        self.assertFalse(is_known("one.example"))
        trawl.wait_for(lambda: trawl.processes().keys() == before.keys(), 20, "all roles")
        after = trawl.processes()
        self.assertEqual([role for role in before if before[role] == after[role]], ["serve"])
        write("nonsense = 1\n")
        os.kill(trawl.process.pid, signal.SIGHUP)
        trawl.wait_for(lambda: "was not reloaded" in trawl.log(), 20, "a word about the mistake")
        mail.deliver(organisation.reports[0])
        trawl.poll_now(source)
        trawl.wait_for_reports(1)
        self.assertTrue(is_known("two.example"))
        self.assertEqual(trawl.processes(), after)

    def test_a_second_daemon_on_the_same_directory_is_refused(self):
        trawl = self.trawl()
        second = harness.Trawl(data=trawl.data)
        second.log_path = os.path.join(trawl.data, "second.log")
        with self.assertRaises(RuntimeError) as refused:
            second.start(timeout=10)
            second.kill()
        self.assertIn("another trawl serve", str(refused.exception))
        trawl.wait_for(lambda: trawl.api.get("/health")["status"] == "ok", 10, "good health")

    def refused(self, data, status, words, **start):
        """A start there fails at once, and says why."""
        trawl = harness.Trawl(data=data)
        self.addCleanup(trawl.kill)
        with self.assertRaises(RuntimeError) as refused:
            trawl.start(timeout=10, **start)
        self.assertIn(f"ended with status {status}", str(refused.exception))
        self.assertIn(words, str(refused.exception))

    def test_a_start_that_cannot_work_ends_and_says_why(self):
        trawl = self.trawl()
        port = trawl.api.url.rsplit(":", 1)[1]
        other = self.trawl()
        other.stop()
        for listen, status, words in (("nonsense", 65, "nothing to listen on"), (f"127.0.0.1:{port}", 73, "Address already in use"),
                                      ("203.0.113.9:1", 65, "Cannot assign requested address")):
            with self.subTest(listen=listen):
                self.refused(other.data, status, words, listen=listen)
        secret = os.path.join(other.data, "keys", "secret.key")
        os.chmod(secret, 0o644)
        self.refused(other.data, 77, "chmod 600")
        os.chmod(secret, 0o600)
        os.truncate(secret, 0)
        self.refused(other.data, 74, "put it back from the backup")

    def test_a_lost_database_is_not_begun_anew_in_silence(self):
        organisation = self.organisation()
        mail, trawl = self.mail(organisation), self.trawl()
        mail.deliver(organisation.reports[0])
        trawl.add_source(mail.add_server(trawl))
        trawl.wait_for_reports(1)
        trawl.stop()
        database = os.path.join(trawl.data, "db")
        for name in os.listdir(database):
            os.unlink(os.path.join(database, name))
        self.refused(trawl.data, 74, "put it back from the backup")
        open(os.path.join(database, "trawl.db"), "w").close()
        self.refused(trawl.data, 74, "put it back from the backup")
        for name in ("raw", "admin.key"):
            os.rename(os.path.join(trawl.data, name), os.path.join(trawl.data, "old-" + name))
        self.assertEqual(trawl.start().reports(), [])

    def test_who_lost_every_key_gets_a_new_one_from_the_store(self):
        trawl = self.trawl()
        path = os.path.join(trawl.data, "admin.key")
        with open(path) as file:
            lost = file.read()
        os.unlink(path)
        trawl.cli("source", "list", status=77)
        trawl.cli("key", "recover")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path) as file:
            self.assertNotEqual(file.read(), lost)
        self.assertEqual(len(trawl.cli("key", "list", "--quiet").split()), 2)
        trawl.check()

    def test_killed_at_any_moment_it_finishes_at_the_next_start(self):
        organisation = self.organisation()
        mail, trawl = self.mail(organisation), self.trawl()
        trawl.add_source(mail.add_server(trawl))
        for number, report in enumerate(organisation.reports):
            mail.deliver(report)
            if number % 6 == 5:
                for source in trawl.api.get("/sources")["items"]:
                    trawl.poll_now(source)
                trawl.kill()
                trawl.start()
        for source in trawl.api.get("/sources")["items"]:
            trawl.poll_now(source)
        trawl.wait_for_reports(len(organisation.reports))
        self.assertEqual(len(trawl.reports()), len(organisation.reports))
        trawl.check()


class Waiting(harness.SystemTest):
    def test_with_imap_idle_a_report_is_there_at_once(self):
        self.report_is_there_at_once(harness.DovecotMail)

    def test_a_maildir_is_waited_on_too(self):
        self.report_is_there_at_once(harness.Mail)

    def report_is_there_at_once(self, kind):
        organisation = demo.Organisation(seed=4, now=NOW, people=8, ordinary=0)
        mail = self.mail(organisation, kind)
        trawl = self.trawl()
        source = trawl.add_source(mail.add_server(trawl), polling_interval=60)
        trawl.wait_for(lambda: trawl.api.get(f"/sources/{source['id']}")["state"]["last_success_at"], 20, "the first poll")
        time.sleep(5)  # for the connection that waits: nothing outside shows that it does
        mail.deliver(organisation.reports[0])
        trawl.wait_for_reports(1, 15)  # the next poll is an hour away


if __name__ == "__main__":
    tap.main()
