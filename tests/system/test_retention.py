#!/usr/bin/env python3
"""How long things are kept, over the whole daemon: what is past its period goes, and what is to stay stays."""
import contextlib
import os
import sqlite3
import subprocess
import time
import unittest

import harness
import tap
from harness import demo

NOW = int(time.time()) - 3600
DAY = 86_400_000_000


class Retention(harness.SystemTest):
    def begin(self, reports=8):
        self.organisation = demo.Organisation(seed=3, now=NOW, people=12, ordinary=12, large=("payroll",))
        self.place = self.mail(self.organisation)
        self.trawl_ = self.trawl()
        self.server = self.place.add_server(self.trawl_)
        self.place.deliver(*self.organisation.reports[:reports])
        self.source = self.trawl_.add_source(self.server)
        self.trawl_.wait_for_reports(reports)
        self.trawl_.wait_until_idle()
        self.api = self.trawl_.api

    def age(self, incident, days):
        """As if it had been closed so long ago."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.trawl_.data, "db", "trawl.db"), timeout=20)) as db:
            db.execute("UPDATE incident SET closed_at = closed_at - ? WHERE id = ?", (days * DAY, incident["id"]))
            db.execute("UPDATE quarantine_result SET updated_at = updated_at - ? WHERE incident_id = ?", (days * DAY, incident["id"]))
            db.commit()

    def close(self, incident, days):
        self.api.post(f"/incidents/{incident['id']}/close", {"reason": "done"})
        self.age(incident, days)

    def plan(self, **days):
        now = self.api.get("/retention")
        return self.api.call("PUT", "/retention", {**{name: now[name] for name in now["limits"]}, **days})

    def run_now(self):
        job = self.api.post("/retention/runs")
        self.trawl_.wait_for(lambda: self.api.get(f"/jobs/{job['id']}")["state"] == "done", 30, "a run")
        run = self.api.get("/retention/runs")["items"][0]
        self.assertEqual((run["state"], run["error"]), ("done", None))
        return run["removed"]

    def status(self, path):
        return self.api.request("GET", path)[0]

    def found(self, words):
        return {row["incident"]["id"] for row in self.api.get("/search", q=words)["items"]}

    def statistics(self):
        return {name: value for name, value in self.api.get("/statistics", offset=0).items() if name not in ("from", "to")}

    def files(self):
        return [name for _, _, names in os.walk(os.path.join(self.trawl_.data, "raw")) for name in names]

    def test_a_closed_incident_goes_whole_and_does_not_come_back(self):
        self.begin()
        payroll = self.trawl_.incident_of(self.organisation.campaigns["payroll"])
        path = f"/incidents/{payroll['id']}"
        said = self.api.post(path + "/comments", {"text": "porcupine"}, key="once")
        self.api.call("DELETE", f"/comments/{said['id']}")
        self.assertIsNone(self.api.post(path + "/comments", {"text": "porcupine"}, key="once")["text"])
        self.trawl_.wait_for(lambda: payroll["id"] in self.found("salary"), 20, "its words")
        original, report = payroll["original_id"], self.api.get(path + "/reports")["items"][0]
        files = self.files()
        self.assertTrue(files)
        self.close(payroll, 100)
        self.trawl_.wait_for(lambda: self.api.get("/statistics", offset=0)["times"]["verdict"]["count"] == 1, 20, "what is counted")
        before = self.statistics()
        self.plan(incident_days=60)
        preview = self.api.get("/retention/preview", incident_days=60)
        self.assertEqual((preview["incidents"], preview["held"], preview["may_be_put_back"]), (1, 0, 0))
        self.assertGreater(preview["bytes"], 65536)

        self.api.post(path + "/hold", {"reason": "a lawsuit"})
        self.assertEqual(self.run_now()["incidents"], 0)
        self.assertEqual(self.api.get("/retention/preview", incident_days=60)["held"], 1)
        self.api.post(path + "/release", {"reason": "settled"})

        for directory, _, names in os.walk(os.path.join(self.trawl_.data, "raw")):  # what never had a row goes after a day
            for name in names:
                os.utime(os.path.join(directory, name), (NOW - 90_000, NOW - 90_000))
        removed = self.run_now()
        self.assertEqual(removed["incidents"], 1)
        self.assertEqual(removed["reports"], payroll["report_count"])
        for gone in (path, f"/originals/{original}", f"/reports/{report['id']}", f"/reports/{report['id']}/raw"):
            self.assertEqual(self.status(gone), 404, gone)
        self.assertEqual(self.found("salary"), set())
        with contextlib.closing(sqlite3.connect(os.path.join(self.trawl_.data, "db", "trawl.db"), timeout=20)) as db:
            named = [sha256[2:] + ".zst" for sha256, in db.execute("SELECT sha256 FROM raw_message WHERE content IS NULL")]
        self.assertEqual(sorted(self.files()), sorted(named))
        self.assertLess(len(named), len(files))
        self.assertEqual(self.statistics(), before)
        self.trawl_.check()

        # Its message lies in the abuse mailbox still, and a new polling does not make it a new report.
        known = {row["id"] for row in self.trawl_.reports()}
        self.api.patch(f"/sources/{self.source['id']}", {"folder": "Junk"})
        self.api.patch(f"/sources/{self.source['id']}", {"folder": "INBOX"})
        self.trawl_.poll_now(self.source)
        self.trawl_.wait_until_idle()
        self.assertEqual({row["id"] for row in self.trawl_.reports()}, known)

    def test_what_was_pulled_can_be_put_back_for_its_period_and_not_longer(self):
        self.begin()
        campaign = self.organisation.campaigns["payroll"]
        incident = self.trawl_.incident_of(campaign)
        path = f"/incidents/{incident['id']}"
        before = self.place.snapshot()
        self.trawl_.respond(incident)
        self.close(incident, 50)
        self.plan(incident_days=30, content_days=7)
        self.assertEqual(self.api.get("/retention/preview", incident_days=30)["may_be_put_back"], 1)
        self.assertEqual(self.run_now()["contents"], 1)
        whole = self.api.get(path)
        self.assertIsNotNone(whole["content_removed_at"])
        self.assertEqual(self.api.get(f"/originals/{incident['original_id']}")["breakdown"], {})
        self.assertEqual(self.status(f"/originals/{incident['original_id']}/raw"), 404)
        self.trawl_.check()
        self.trawl_.respond(incident, "restore")  # the messages' own bytes were kept
        self.assertEqual(self.place.snapshot(), before)

        self.trawl_.respond(incident)
        self.age(incident, 50)
        self.plan(incident_days=None, undo_days=30)
        self.assertEqual(self.run_now()["copies"], len(campaign.recipients))
        status, _, problem = self.api.request("POST", path + "/responses", {"kind": "restore"})
        self.assertEqual(status, 409, problem)
        self.assertIn("can be put back no more", problem["detail"])
        self.trawl_.check()

    def test_the_same_mail_reported_again_has_content_again(self):
        self.begin(1)
        incident, report = self.trawl_.incidents()[0], self.organisation.reports[0]
        self.close(incident, 50)
        self.plan(content_days=7)
        self.assertEqual(self.run_now()["contents"], 1)
        again = [r for r in self.organisation.reports if r.about == report.about and r is not report][:1]
        self.assertTrue(again, "the organisation has another report of it")
        self.place.deliver(*again)
        self.trawl_.poll_now(self.source)
        self.trawl_.wait_for_reports(2)
        now = self.api.get(f"/incidents/{incident['id']}")
        self.assertEqual((now["state"], now["report_count"]), ("open", 2))
        original = self.api.get(f"/originals/{now['original_id']}")
        self.assertIsNone(original["content_removed_at"])
        self.assertTrue(original["breakdown"]["message"])
        words = original["breakdown"]["message"]["text"].split()
        longest = max((word for word in words if word.isalpha()), key=len)
        self.trawl_.wait_for(lambda: incident["id"] in self.found(longest), 20, f"its words ({longest})")
        self.trawl_.check()

    def test_a_restored_backup_removes_again_what_it_brought_back(self):
        self.begin(3)
        incident = self.trawl_.incidents()[0]
        self.close(incident, 100)
        self.plan(incident_days=60)
        backup, place = (os.path.join(self.trawl_.data, name) for name in ("one.backup", "restored"))
        self.trawl_.cli("backup", "create", backup)
        self.assertEqual(self.run_now()["incidents"], 1)
        self.trawl_.stop()
        subprocess.run([harness.BINARY, "backup", "restore", backup, "--data", place], check=True, stdout=subprocess.DEVNULL)
        self.trawl_ = self.trawl(data=place)
        self.api = self.trawl_.api
        self.assertEqual(self.status(f"/incidents/{incident['id']}"), 200)
        self.assertEqual(self.run_now()["incidents"], 1)
        self.assertEqual(self.status(f"/incidents/{incident['id']}"), 404)
        self.trawl_.check()


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    tap.main()
