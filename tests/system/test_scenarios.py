#!/usr/bin/env python3
"""The main job end to end, on Maildirs and on a real Dovecot, with both databases."""
import time
import unittest

import harness
import tap
from harness import demo

NOW = int(time.time()) - 3600


class MainJob:
    """The cases that hold wherever the mail is; the classes below say where."""
    kind = None

    def begin(self, people=12, **trawl):
        organisation = demo.Organisation(seed=3, now=NOW, people=people, ordinary=12)
        mail = self.mail(organisation, self.kind)
        daemon = self.trawl(**trawl)
        server = mail.add_server(daemon)
        return organisation, mail, daemon, server

    def test_a_report_becomes_an_incident_is_pulled_and_put_back_byte_for_byte(self):
        organisation, mail, trawl, server = self.begin()
        campaign = organisation.campaigns["payroll"]
        mail.deliver(organisation.reports[0])
        trawl.add_source(server)
        trawl.wait_for_reports(1)
        report, = trawl.reports()
        self.assertEqual((report["state"], report["form"], report["trusted"], report["located"]),
                         ("done", "rfc822", True, "found"), report)
        self.assertEqual(report["reporter"], organisation.reports[0].reporter)
        incident = trawl.incident_of(campaign)
        self.assertEqual((incident["kind"], incident["state"], incident["report_count"]), ("reported_mail", "open", 1))
        alerts = trawl.api.all(f"/incidents/{incident['id']}/alerts")
        self.assertEqual({a["recipient"]: a["role"] for a in alerts},
                         {**{a: "to" for a in campaign.to}, **{a: "cc" for a in campaign.cc}})

        before = mail.snapshot()
        response, ledger = trawl.respond(incident)
        self.assertEqual({r["mailbox"]: r["status"] for r in ledger}, {a: "success" for a in campaign.recipients}, ledger)
        read = {a: "S" in copy.flags for a, copy in campaign.copies.items()}
        self.assertEqual({r["mailbox"]: r["was_read"] for r in ledger}, read)
        self.assertEqual(response["counts"], {"success": len(ledger)})
        after = mail.snapshot()
        for address, copy in campaign.copies.items():
            mine = harness.seen(copy.folder, copy.flags, copy.received, copy.raw)
            self.assertEqual(sorted(after[address] + [mine]), before[address], address)
            self.assertIn(("Quarantine", *mine[1:]), after[demo.QUARANTINE])
        self.assertEqual(len(after[demo.QUARANTINE]), len(campaign.copies))
        trawl.check()

        _, restored = trawl.respond(incident, "restore")
        self.assertEqual({r["mailbox"]: r["restore_status"] for r in restored}, {a: "success" for a in campaign.recipients})
        self.assertEqual(mail.snapshot(), before)
        trawl.check()

    def test_all_thirty_reports_are_handled_and_nothing_else_is_touched(self):
        organisation, mail, trawl, server = self.begin(people=40)
        mail.deliver(*organisation.reports)
        before = mail.snapshot()
        trawl.add_source(server)
        trawl.wait_for_reports(len(organisation.reports))
        reports = trawl.reports()
        self.assertEqual(len(reports), len(organisation.reports))
        self.assertEqual([r["subject"] for r in reports if r["state"] != "done"], [])
        by_subject = {}
        for report in reports:
            by_subject.setdefault(report["form"], []).append(report)
        self.assertEqual({form: len(rows) for form, rows in by_subject.items()},
                         {"rfc822": 18, "inline": 7, "none": 2, "notice": 1, "bounce": 1, "auto_reply": 1})
        trusted = {r["reporter"] for r in reports if not r["trusted"] and r["form"] == "rfc822"}
        self.assertEqual(trusted, {r.reporter for r in organisation.reports if not r.trusted and r.kind == "attached"})
        for key, campaign in organisation.campaigns.items():
            with self.subTest(campaign=key):
                told = sum(key in r.about for r in organisation.reports)
                found = [i for i in trawl.incidents() if i["title"] == campaign.subject
                         and campaign.link_key in ("", i["link_key"])]
                self.assertEqual([i["report_count"] for i in found], [told])
        self.assertEqual(mail.snapshot(), before)
        trawl.check()

    def test_two_mails_with_one_message_id_are_two_incidents_and_only_the_right_one_is_pulled(self):
        organisation, mail, trawl, server = self.begin(people=30)
        one, other = organisation.campaigns["voucher"], organisation.campaigns["voucher-twin"]
        self.assertEqual(one.message_id, other.message_id)
        mail.deliver(*[r for r in organisation.reports if r.about in (("voucher",), ("voucher-twin",))])
        # The recipient of the one also has the other: same Message-ID in one mailbox.
        stray = demo.Delivery(one.to[0], "INBOX", "S", NOW, other.copies[other.to[0]].raw)
        mail.deliver(stray)
        trawl.add_source(server)
        trawl.wait_for_reports(2)
        incidents = {i["title"]: i for i in trawl.incidents()}
        self.assertEqual(len(incidents), 2)
        incident = next(i for title, i in incidents.items() if title.endswith(one.subject))
        before = mail.snapshot()
        trawl.respond(incident)
        after = mail.snapshot()
        for address in one.to:
            copy = one.copies[address]
            self.assertEqual(sorted(after[address] + [harness.seen(copy.folder, copy.flags, copy.received, copy.raw)]), before[address])
        for address in other.to:
            self.assertEqual(after[address], before[address])
        self.assertEqual(len(after[demo.QUARANTINE]), len(one.to))
        trawl.check()

    def test_each_post_process_action_does_what_it_says_and_only_that(self):
        organisation = demo.Organisation(seed=3, now=NOW, people=12, ordinary=6)
        boxes = {action: f"abuse-{action}@{demo.DOMAIN}" for action in ("none", "delete", "move")}
        mail = self.mail(organisation, self.kind, mailboxes=boxes.values())
        trawl = self.trawl()
        server = mail.add_server(trawl)
        mails = [demo.Delivery(box, "INBOX", "", r.received, r.raw) for box in boxes.values() for r in organisation.reports[:6]]
        mail.deliver(*mails)
        others = mail.snapshot(organisation.mailboxes)
        for action, box in boxes.items():
            trawl.add_source(server, action, box, action)
        trawl.wait_for_reports(len(mails))
        arrived = sorted(harness.seen("INBOX", "", m.received, m.raw) for m in mails[:6])
        found = mail.snapshot(boxes.values())
        self.assertEqual(found[boxes["none"]], arrived)
        self.assertEqual(found[boxes["delete"]], [])
        self.assertEqual(found[boxes["move"]], sorted(("Processed", *m[1:]) for m in arrived))
        self.assertEqual(mail.snapshot(organisation.mailboxes), others)
        states = {(r["source_id"], r["post_process"]) for r in trawl.reports()}
        self.assertEqual(sorted(state for _, state in states), ["done", "done", "none"])
        trawl.check()

    def test_none_handles_each_report_once_over_polls_and_restarts(self):
        organisation, mail, trawl, server = self.begin()
        mail.deliver(*organisation.reports[:5])
        source = trawl.add_source(server)
        trawl.wait_for_reports(5)
        for turn in range(4):
            polled = trawl.api.get(f"/sources/{source['id']}")["state"]["last_poll_at"]
            trawl.poll_now(source)
            trawl.wait_for(lambda: trawl.api.get(f"/sources/{source['id']}")["state"]["last_poll_at"] > polled, what="another poll")
            if turn % 2:
                trawl.restart()
        trawl.wait_until_idle()
        self.assertEqual(len(trawl.reports()), 5)
        self.assertEqual(trawl.api.get(f"/sources/{source['id']}")["state"]["last_error"], None)
        mail.deliver(organisation.reports[5])
        trawl.poll_now(source)
        trawl.wait_for_reports(6)
        trawl.check()

    def test_a_second_report_joins_and_a_closed_incident_is_reopened(self):
        organisation, mail, trawl, server = self.begin()
        campaign = organisation.campaigns["payroll"]
        about = [r for r in organisation.reports if r.about == ("payroll",)]
        mail.deliver(about[0])
        source = trawl.add_source(server)
        trawl.wait_for_reports(1)
        incident = trawl.incident_of(campaign)
        alerts = trawl.api.all(f"/incidents/{incident['id']}/alerts")
        mail.deliver(about[1])
        trawl.poll_now(source)
        trawl.wait_for_reports(2)
        self.assertEqual([a["id"] for a in trawl.api.all(f"/incidents/{incident['id']}/alerts")], [a["id"] for a in alerts])
        trawl.api.post(f"/incidents/{incident['id']}/close", {"reason": "handled"})
        mail.deliver(about[2])
        trawl.poll_now(source)
        trawl.wait_for_reports(3)
        again = trawl.incident_of(campaign)
        self.assertEqual((again["id"], again["state"], again["report_count"]), (incident["id"], "open", 3))
        reopened, = [a["detail"] for a in trawl.api.all(f"/incidents/{incident['id']}/activity") if a["action"] == "incident.reopen"]
        self.assertEqual((reopened["reason"], reopened["closed_because"]), ("the same message was reported again", "handled"))
        self.assertEqual(reopened["reporter"], about[2].reporter)
        trawl.check()


class OnMaildirs(MainJob, harness.SystemTest):
    kind = harness.Mail


class OnDovecot(MainJob, harness.SystemTest):
    kind = harness.DovecotMail


class OnPostgresql(MainJob, harness.SystemTest):
    """The same with the shared store."""
    kind = harness.Mail

    def trawl(self, **options):
        import postgres
        try:
            server = postgres.Postgres()
        except postgres.NotInstalled as error:
            self.skipTest(f"skipped: {error}")
        self.addCleanup(server.close)
        return super().trawl(database=server.start().uri, **options)


if __name__ == "__main__":
    tap.main()
