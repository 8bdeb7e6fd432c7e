#!/usr/bin/env python3
"""A real daemon over a part of the demo organisation, for tests that are no Python programs.

It speaks JSON, a line a message. The first that it says is where the console is and how it is set up; then it does what
it reads (a method of World and its arguments) and answers. When there is nothing more to read, everything that it started
or wrote is gone.
"""
import dataclasses
import json
import os
import re
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "support")]
import harness  # noqa: E402
import signon  # noqa: E402
import slapd  # noqa: E402
from harness import demo  # noqa: E402

FIRST = 20  # reports that are there before anybody looks


class World:
    def __init__(self):
        self.organisation = demo.Organisation(ordinary=20)
        self.mail = harness.Mail(self.organisation)
        self.trawl = harness.Trawl()
        self.delivered = 0
        self.source = None
        self.peers = []

    def start(self):
        self.trawl.start()
        return {"url": self.trawl.api.url, "setup": self.setup_link()}

    def setup_link(self):
        found = self.trawl.wait_for(lambda: re.findall(r"(http\S+/setup\?token=\S+)", self.trawl.log()), 60, "a set-up link")
        return found[-1].rstrip('"},')

    # -- what the tests ask for; each answers with what they need to know --

    def source_added(self):
        server = self.trawl.add_maildir_server(self.mail.root)
        self.source = self.trawl.add_source(server)
        return self.deliver(FIRST)

    def where(self):
        """What an administrator knows of his own mail server; the first reports lie there already."""
        for report in self.organisation.reports[:FIRST]:
            demo.maildir_deliver(self.mail.root, report.delivery)
        self.delivered = FIRST
        return {"path": os.path.join(self.mail.root, demo.MAILDIR_PATTERN), "abuse": demo.ABUSE, "quarantine": demo.QUARANTINE}

    def arrived(self):
        """Waits for what lies in a source that somebody has made."""
        self.source = self.trawl.api.get("/sources")["items"][0]
        return self.taken_in()

    def holders(self, subject):
        """Whose mailboxes hold a message, wherever but in what was sent."""
        needle = f"Subject: {subject}".encode()
        found = []
        for person in self.organisation.people:
            for folder, _, _, raw, _ in harness.maildir_messages(demo.maildir_path(self.mail.root, person.address)):
                if folder != "Sent" and needle in harness.normal(raw).split(b"\n\n", 1)[0].splitlines():
                    found.append(person.address)
        return {"mailboxes": sorted(set(found))}

    def deliver(self, count=1):
        reports = self.organisation.reports[self.delivered:self.delivered + count]
        for report in reports:
            demo.maildir_deliver(self.mail.root, report.delivery)
        self.delivered += len(reports)
        return self.taken_in()

    def taken_in(self):
        self.trawl.poll_now(self.source)
        self.trawl.wait_for_reports(self.delivered)
        self.trawl.wait_until_idle()
        return self.incidents()

    def incidents(self):
        return {"incidents": self.trawl.incidents()}

    def report_of(self, html, subject):
        """A report of a message that says @html; the Message-ID of the message goes with it."""
        who = self.organisation.person(2)
        identity = f"hostile.{self.delivered}@mailfarm.example"
        raw = demo.message([("From", "Friendly <friendly@mailfarm.example>"), ("To", who.address), ("Subject", subject),
                            ("Date", self.organisation._date(self.organisation.now)), ("Message-ID", f"<{identity}>")],
                           demo.leaf(html, "html"))
        self.delivered += 1
        return identity, self.organisation._report("attached", subject, who, [], self.organisation._wrap(
            who, "Fwd: " + subject, self.organisation._attach(who, [raw])), 0)

    def hostile(self, html, subject):
        """Somebody reports a message that says @html."""
        identity, report = self.report_of(html, subject)
        demo.maildir_deliver(self.mail.root, report.delivery)
        self.taken_in()
        return {"incident": next(i for i in self.trawl.incidents() if i["link_key"] == identity)}

    def abuse_folder(self, name):
        """The abuse mailbox has a folder more."""
        demo.maildir_make(self.mail.root, demo.ABUSE, name)
        return {"mailbox": demo.ABUSE}

    def reported_into(self, folder, subject):
        """Somebody reports into a folder of the abuse mailbox; where the report is once its source is done with it."""
        _, report = self.report_of("<p>Look at this</p>", subject)
        demo.maildir_deliver(self.mail.root, dataclasses.replace(report.delivery, folder=folder))
        self.trawl.poll_now(next(one for one in self.trawl.api.get("/sources")["items"] if one["folder"] == folder))
        self.trawl.wait_for_reports(self.delivered)
        self.trawl.wait_until_idle()
        found = harness.maildir_messages(demo.maildir_path(self.mail.root, demo.ABUSE))
        return {"folders": [one[0] for one in found if f"Subject: Fwd: {subject}".encode() in one[3]],
                "incidents": [one["title"] for one in self.trawl.incidents()]}

    def sample(self):
        """Somebody reports a message of which much is odd, with files that nobody should open."""
        who = self.organisation.person(2)
        identity = "sample@mailfarm.example"
        page = ('<p>Dear c\u043eworker, see <a href="http://evil.example/x">https://corp.example/login</a></p>'
                '<p style="display:none">nobody sees this</p>')
        raw = demo.message([("From", "Pay Roll <pay@mailfarm.example>"), ("Reply-To", "<other@elsewhere.example>"), ("To", who.address),
                            ("Subject", demo.word("Your p\u0430yslip \u202efdp.exe")), ("X-Mimecast-Spam-Score", "4"), ("List-Id", "<all.mailfarm.example>"),
                            ("Message-ID", f"<{identity}>")],
                           demo.multipart("mixed", "b", demo.leaf(page, "html"), demo.attachment("payslip.exe", "application/pdf", b"MZ" + bytes(300)),
                                          demo.attachment("../M\u00e4rz.txt", "text/plain", b"hello\n")))
        report = self.organisation._report("attached", "sample", who, [], self.organisation._wrap(
            who, "Fwd: sample", self.organisation._attach(who, [raw])), 0)
        demo.maildir_deliver(self.mail.root, report.delivery)
        self.delivered += 1
        self.taken_in()
        return {"incident": next(i for i in self.trawl.incidents() if i["link_key"] == identity)}

    def person_of(self, incident, name, password):
        """Whose mail an incident is about; an analyst, who may read what people's messages say, is made too."""
        self.trawl.api.post("/users", {"name": name, "role": "analyst", "password": password})
        return {"address": self.trawl.api.all(f"/incidents/{incident}/alerts")[0]["recipient"]}

    def person(self, name, display_name, password, role="analyst"):
        """Somebody who logs in."""
        return self.trawl.api.post("/users", {"name": name, "display_name": display_name, "role": role, "password": password})

    def provider(self):
        """A real identity provider that knows this console."""
        packages = os.path.join(os.environ.get("TRAWL_UI_PEERS", HERE), "sign-on")
        signon.install(packages)
        peer = signon.provider(packages, self.trawl.api.url + "/sign-on/callback")
        self.peers.append(peer)
        return {"issuer": peer.issuer}

    def directory(self):
        """A real directory, or nothing where there is no slapd."""
        if not slapd.SLAPD:
            return {}
        peer = slapd.Slapd()
        self.peers.append(peer)
        return {"url": peer.ldaps, "ca_file": peer.ca, "bind_dn": slapd.SERVICE, "password": slapd.SERVICE_PASSWORD,
                "base": "ou=people," + slapd.SUFFIX, "group": "cn=soc,ou=groups," + slapd.SUFFIX}

    def many(self, count):
        """Open incidents straight into the store, as the worker would have left them."""
        database = sqlite3.connect(os.path.join(self.trawl.data, "db", "trawl.db"), timeout=60)
        now = time.time_ns() // 1000
        reasons = '["unjudged","unassigned"]'
        database.executemany(
            "INSERT INTO incident (state, kind, title, title_folded, severity, disposition, opened_at, updated_at, revision, need, "
            "need_reasons, need_due_at, waiting_since) VALUES ('open', 'reported_mail', ?, ?, 'minor', 'unknown', ?, ?, 1, ?, ?, ?, ?)",
            ((f"Parcel {i}", f"parcel {i}", now, now, 100 + i * 7919 % 400, reasons, 2 ** 62, now) for i in range(count)))
        database.commit()
        database.close()
        return {"count": count}

    def crowd(self, incident, count):
        """So many people more received what an incident is about."""
        database = sqlite3.connect(os.path.join(self.trawl.data, "db", "trawl.db"), timeout=60)
        database.executemany(
            "INSERT INTO alert (incident_id, source_id, report_id, original_id, recipient, role, message_id, state, severity, disposition, "
            "trusted, opened_at, revision) SELECT incident_id, source_id, report_id, original_id, ?, 'to', message_id, 'open', severity, "
            "disposition, trusted, opened_at, revision FROM alert WHERE incident_id = ? LIMIT 1",
            ((f"person.{i}@lanternfish.example", incident) for i in range(count)))
        database.execute("UPDATE incident SET alert_count = (SELECT count(*) FROM alert WHERE incident_id = incident.id), open_alert_count = "
                         "(SELECT count(*) FROM alert WHERE incident_id = incident.id AND state = 'open') WHERE id = ?", (incident,))
        database.commit()
        database.close()
        return {"count": count}

    def close(self):
        for peer in self.peers:
            peer.close()
        self.trawl.remove()
        self.mail.remove()


def main():
    world = World()
    try:
        print(json.dumps(world.start()), flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                answer = getattr(world, asked.pop("do"))(**asked)
            except Exception as problem:  # the test shows it
                answer = {"problem": f"{type(problem).__name__}: {problem}"}
            print(json.dumps(answer), flush=True)
    finally:
        world.close()


if __name__ == "__main__":
    main()
