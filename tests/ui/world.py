#!/usr/bin/env python3
"""A real daemon over a part of the demo organisation, for tests that are no Python programs.

It speaks JSON, a line a message. The first that it says is where the console is and how it is set up; then it does what
it reads (a method of World and its arguments) and answers. When there is nothing more to read, everything that it started
or wrote is gone.
"""
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
        found = self.trawl.wait_for(lambda: re.findall(r"(http\S+/setup\?token=\S+)", self.trawl.log()), 10, "a set-up link")
        return found[-1].rstrip('"},')

    # -- what the tests ask for; each answers with what they need to know --

    def source_added(self):
        server = self.trawl.add_maildir_server(self.mail.root)
        self.source = self.trawl.add_source(server)
        return self.deliver(FIRST)

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

    def hostile(self, html, subject):
        """Somebody reports a message that says @html."""
        who = self.organisation.person(2)
        identity = f"hostile.{self.delivered}@mailfarm.example"
        raw = demo.message([("From", "Friendly <friendly@mailfarm.example>"), ("To", who.address), ("Subject", subject),
                            ("Date", self.organisation._date(self.organisation.now)), ("Message-ID", f"<{identity}>")],
                           demo.leaf(html, "html"))
        report = self.organisation._report("attached", subject, who, [], self.organisation._wrap(
            who, "Fwd: " + subject, self.organisation._attach(who, [raw])), 0)
        demo.maildir_deliver(self.mail.root, report.delivery)
        self.delivered += 1
        self.taken_in()
        return {"incident": next(i for i in self.trawl.incidents() if i["link_key"] == identity)}

    def person_of(self, incident, name, password):
        """Whose mail an incident is about; an analyst, who may read what people's messages say, is made too."""
        self.trawl.api.post("/users", {"name": name, "role": "analyst", "password": password})
        return {"address": self.trawl.api.all(f"/incidents/{incident}/alerts")[0]["recipient"]}

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
