#!/usr/bin/env python3
"""A thousand sources, each polled every minute: how late are the polls, and what do they cost in memory?

Lateness is the time from when a source's poll was due (next_poll_at, seen before) to when it was made
(last_poll_at, seen after). The mailboxes are on a real Dovecot and receive a report now and then.
"""
import sys
import time
from datetime import datetime

import bench
from bench import harness
from harness import demo

SETTLED = 70  # a round of polls: a thousand sources that are made at once are all due at once, and late the first time


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def main():
    count, watched = (100, 75) if bench.QUICK else (1000, 200)
    import dovecot
    boxes = [f"abuse{i}@{demo.DOMAIN}" for i in range(count)]
    organisation = demo.Organisation(people=12, ordinary=0)
    try:
        server = dovecot.Dovecot(users=boxes + organisation.mailboxes).start()
    except dovecot.NotInstalled as error:
        print(f"skipped: {error}")
        return 77
    trawl = harness.Trawl()
    try:
        trawl.start()
        row = harness.add_dovecot_server(trawl, server)
        for i, box in enumerate(boxes):
            trawl.add_source(row, f"source {i}", box)
        trawl.wait_for(lambda: all(s["state"]["last_poll_at"] for s in trawl.api.all("/sources")), 300, "every first poll", every=1)
        time.sleep(0 if bench.QUICK else SETTLED)
        due, late, peak, cpu = {}, [], 0.0, bench.cpu_seconds(trawl.pids())
        delivered, until, begun = 0, time.monotonic() + watched, time.monotonic()
        while time.monotonic() < until:
            for source in trawl.api.all("/sources"):
                expected = due.get(source["id"])
                polled = source["state"]["last_poll_at"] and seconds(source["state"]["last_poll_at"])
                if expected and polled and polled >= expected:
                    late.append(polled - expected)
                due[source["id"]] = source["state"]["next_poll_at"] and seconds(source["state"]["next_poll_at"])
                if expected == due[source["id"]] and polled and polled >= (expected or 0):
                    due[source["id"]] = None
            report = organisation.reports[delivered % len(organisation.reports)]
            server.deliver(boxes[(delivered * 37) % count], "INBOX", report.raw)
            delivered += 1
            peak = max(peak, bench.pss_mib(trawl.pids()))
            time.sleep(1)
        used = (bench.cpu_seconds(trawl.pids()) - cpu) / (time.monotonic() - begun)
        failing = sum(1 for s in trawl.api.all("/sources") if s["state"]["last_error"])
        by_role = {role: bench.pss_mib([pid]) for role, pid in trawl.processes().items()}
    finally:
        trawl.remove()
        server.close()
    table = bench.Table(f"{count} sources on one Dovecot, polled every 60 s, watched for {watched} s")
    p99 = bench.percentile(late, 0.99)
    table.add(f"lateness of {len(late)} polls, p99", f"{p99:.2f} s", "under 5 s", bool(late) and p99 < 5)
    table.add("  median", f"{bench.percentile(late, 0.5):.2f} s")
    table.add("  worst", f"{max(late, default=0):.2f} s")
    table.add("memory of all roles, most seen (PSS)", f"{peak:.1f} MiB", "under 256 MiB", peak < 256)
    for role, size in by_role.items():
        table.add(f"  {role} at the end", f"{size:.1f} MiB")
    table.add("processor, share of one core", f"{100 * used:.0f} %")
    table.add("sources whose last poll failed", str(failing), "0", failing == 0)
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
