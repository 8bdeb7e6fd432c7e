#!/usr/bin/env python3
"""Lists and filters over HTTP while there are many incidents: how long an answer takes at a given rate.

The store is filled by itself, in one transaction, with incidents as reports would have made them: five recipients each from a
few thousand people, most closed, few assigned. Then wrk asks at the beat of the rate, however long an answer takes, over whichever
of its connections is free; every kind of list takes its turn. The latency of each kind alone comes from a second look without wrk.
"""
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import bench
from bench import harness

INCIDENTS, ALERTS_EACH = (5_000, 5) if bench.QUICK else (100_000, 5)
RATE, SECONDS, CONNECTIONS, THREADS = 500, (5 if bench.QUICK else 30), 50, 2
PEOPLE = 5_000
NOW = 1_790_000_000_000_000
WORDS = ("invoice account password parcel payroll meeting urgent document voicemail delivery contract refund security "
         "holiday survey order transfer signature storage update").split()

LISTS = [
    ("what needs a person first", "/incidents?sort=need&state=open"),
    ("that, major and above", "/incidents?sort=need&state=open&severity_min=major"),
    ("that, of one person", "/incidents?sort=need&state=open&assignee=ann"),
    ("that, reported by one", "/incidents?sort=need&reporter=user{person}@corp.example"),
    ("that, by a word no title has", "/incidents?sort=need&state=open&q=no%20such%20words"),
    ("newest incidents", "/incidents"),
    ("open ones", "/incidents?state=open"),
    ("a page of 500", "/incidents?state=closed&limit=500"),
    ("major and above", "/incidents?severity_min=major&state=open"),
    ("by disposition", "/incidents?disposition=malicious"),
    ("by assignee", "/incidents?assignee=ann"),
    ("by recipient", "/incidents?recipient=user{person}@corp.example"),
    ("by reporter", "/incidents?reporter=user{person}@corp.example&state=open"),
    ("by Message-ID", "/incidents?message_id=m{incident}@out.example"),
    ("by source", "/incidents?source_id=1&state=open"),
    ("by word in the title", "/incidents?q={word}"),
    ("by words no title has", "/incidents?q=no%20such%20words"),
    ("changed lately", "/incidents?changed_since={late}"),
    ("one incident", "/incidents/{incident}"),
    ("its alerts", "/incidents/{incident}/alerts"),
    ("its activity", "/incidents/{incident}/activity"),
    ("open alerts", "/alerts?state=open"),
    ("alerts of a recipient", "/alerts?recipient=user{person}@corp.example"),
    ("reports", "/reports?trusted=true"),
]

WRK = """
local ffi = require("ffi")
ffi.cdef("typedef struct { long s, ns; } moment; int clock_gettime(int, moment *);")
local clock, beat, due = ffi.new("moment"), %(beat)f, nil
local paths, at = {}, 0
for line in io.lines("%(paths)s") do paths[#paths + 1] = line end
function setup(thread) thread:set("first", math.random(#paths)) end
function init(args) at = first end
function delay()
  ffi.C.clock_gettime(1, clock)
  local now = tonumber(clock.s) * 1000 + tonumber(clock.ns) / 1e6
  due = math.max((due or now) + beat, now - 1000)
  return math.max(0, math.floor(due - now + 0.5))
end
function request()
  at = at %% #paths + 1
  return wrk.format("GET", "/v1" .. paths[at])
end
function response(status) if status ~= 200 then bad = (bad or 0) + 1 end end
function done(summary, latency)
  io.write(string.format('{"requests":%%d,"seconds":%%f,"errors":%%d,"p50":%%d,"p90":%%d,"p99":%%d,"max":%%d}\\n',
    summary.requests, summary.duration / 1e6, summary.errors.status + summary.errors.timeout + summary.errors.read +
    summary.errors.connect, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
"""


def fill(path):
    """Incidents 1 to INCIDENTS with their originals, reports and alerts."""
    rnd = random.Random(5)
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("INSERT INTO mail_server (id, name, kind, config, created_at, revision, state) "
               "VALUES (1, 'mail', 'maildir', '{}', ?, 1, '{}')", (NOW,))
    db.execute("INSERT INTO source (id, name, type, description, enabled, link_events, mail_server_id, mailbox, folder, "
               "post_process, polling_interval, accepted_domains, trusted_hosts, created_at, revision) VALUES "
               "(1, 'abuse', 'abuse_mailbox_monitor', '', 0, 1, 1, 'abuse@corp.example', 'INBOX', 'none', 60, '[]', '[]', ?, 1)",
               (NOW,))
    severities = ["informational"] * 70 + ["minor"] * 15 + ["moderate"] * 10 + ["major"] * 4 + ["critical"]
    dispositions = ["unknown"] * 40 + ["spam"] * 30 + ["bulk"] * 15 + ["malicious"] * 10 + ["low_risk"] * 5
    originals, reports, incidents, joins, alerts, alert_reports, alert = [], [], [], [], [], [], 0
    for i in range(1, INCIDENTS + 1):
        state = "open" if rnd.random() < 0.1 else "closed"
        people = [f"user{rnd.randrange(PEOPLE)}@corp.example" for _ in range(ALERTS_EACH)]
        people = list(dict.fromkeys(people + [f"user{(i + k) % PEOPLE}@corp.example" for k in range(ALERTS_EACH)]))[:ALERTS_EACH]
        title = " ".join(rnd.sample(WORDS, 4)) + f" {i}"
        severity, disposition, at = rnd.choice(severities), rnd.choice(dispositions), NOW + i * 1_000_000
        originals.append((i, f"m{i}@out.example", f"f{i}", title, "a@out.example", at, b"", at))
        reports.append((i, 1, "1", str(i), at, at, "done", "rfc822", people[0], 1, title, f"r{i}@corp.example", "none", "found", i))
        incidents.append((i, state, "reported_mail", f"m{i}@out.example", i, title, title, severity, disposition,
                          rnd.choice(["ann", "bob"]) if state == "open" and rnd.random() < 0.2 else None, at,
                          at if state == "closed" else None, at, 1, ALERTS_EACH, ALERTS_EACH if state == "open" else 0, i))
        joins.append((i, i, i))
        for person in people:
            alert += 1
            alerts.append((alert, i, 1, i, i, person, "to", f"m{i}@out.example", state, severity, disposition, 1, at,
                           at if state == "closed" else None, i))
            alert_reports.append((alert, i))
    for table, columns, rows in (
            ("original", "id, message_id, fingerprint, first_hand, subject, sender, sent_at, breakdown, created_at",
             [(a, b, c, 1, d, e, f, g, h) for a, b, c, d, e, f, g, h in originals]),
            ("report", "id, source_id, epoch, server_uid, received_at, found_at, state, form, reporter, trusted, subject, "
             "message_id, post_process, located, revision", reports),
            ("incident", "id, state, kind, link_key, original_id, title, title_folded, severity, disposition, assignee, "
             "opened_at, closed_at, updated_at, report_count, alert_count, open_alert_count, revision", incidents),
            ("report_incident", "report_id, incident_id, original_id", joins),
            ("incident_source", "source_id, incident_id", [(1, i) for i, _, _ in joins]),
            ("alert", "id, incident_id, source_id, report_id, original_id, recipient, role, message_id, state, severity, "
             "disposition, trusted, opened_at, closed_at, revision", alerts),
            ("alert_report", "alert_id, report_id", alert_reports)):
        db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * (columns.count(',') + 1))})", rows)
    # The audit log is as long as the newest revision says; a feed from beyond its end would be refused.
    newest = max(db.execute(f"SELECT MAX(revision) FROM {table}").fetchone()[0] for table in ("report", "incident", "alert"))
    db.execute("INSERT INTO audit (seq, at, actor, action, object_kind, object_id, detail, hash) VALUES (?, 0, 'bench', 'bench.fill', 'bench', 1, '{}', '')",
               (newest,))
    db.commit()
    db.close()


def wait_settled(path):
    """Waits for what the daemon works out once, beside everything else, of rows that did not come from it."""
    todo = ("SELECT count(*) FROM incident WHERE state = 'open' AND need_due_at = 0", "SELECT count(*) FROM reporter WHERE stale = 1",
            "SELECT (SELECT count(*) FROM incident) - (SELECT count(*) FROM incident_times)",
            "SELECT (SELECT count(*) FROM incident) - (SELECT count(*) FROM search_incident)")
    db = sqlite3.connect(path, timeout=30)
    while any(db.execute(sql).fetchone()[0] for sql in todo):
        time.sleep(0.5)
    db.close()


def concrete(pattern, rnd):
    return pattern.format(person=rnd.randrange(PEOPLE), incident=rnd.randrange(1, INCIDENTS + 1), word=rnd.choice(WORDS),
                          late=INCIDENTS - rnd.randrange(2000))


def each_alone(api, table):
    """One after the other on one connection: what a kind of list costs by itself."""
    rnd = random.Random(9)
    for name, pattern in LISTS:
        took = []
        for _ in range(20 if bench.QUICK else 100):
            begun = time.perf_counter()
            api.get(concrete(pattern, rnd))
            took.append(1000 * (time.perf_counter() - begun))
        table.add(f"  {name}", f"{bench.percentile(took, 0.5):.1f} / {bench.percentile(took, 0.99):.1f} ms")


def run_wrk(trawl, directory):
    rnd = random.Random(7)
    paths = os.path.join(directory, "paths")
    with open(paths, "w", encoding="ascii") as file:
        for _ in range(500):
            for _, pattern in LISTS:
                file.write(concrete(pattern, rnd) + "\n")
    script = os.path.join(directory, "lists.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write(WRK % {"paths": paths, "beat": 1000 * THREADS / RATE})
    out = subprocess.run(["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", "Authorization: Bearer " + trawl.api.key,
                          "-s", script, trawl.api.url], capture_output=True, text=True, check=True).stdout
    return json.loads(re.search(r"^\{.*\}$", out, re.M).group(0))


def main():
    if not shutil.which("wrk"):
        print("skipped: wrk is not here")
        return 77
    table = bench.Table(f"The API over SQLite with {INCIDENTS:,} incidents and {INCIDENTS * ALERTS_EACH:,} alerts")
    trawl = harness.Trawl()
    directory = tempfile.mkdtemp(prefix="trawl-bench-")
    try:
        trawl.start()
        trawl.stop()
        begun = time.monotonic()
        fill(os.path.join(trawl.data, "db", "trawl.db"))
        table.add("filled in", f"{time.monotonic() - begun:.0f} s")
        begun = time.monotonic()
        trawl.start()
        wait_settled(os.path.join(trawl.data, "db", "trawl.db"))
        table.add("order, counts and words worked out", f"{time.monotonic() - begun:.0f} s")
        run_wrk_warm = trawl.api.get("/incidents")
        assert len(run_wrk_warm["items"]) == 50
        got = run_wrk(trawl, directory)
        rate = got["requests"] / got["seconds"]
        table.add(f"wrk, {CONNECTIONS} connections, {SECONDS} s", f"{rate:.0f} requests/s", f"{RATE}", rate >= 0.95 * RATE)
        table.add("errors", str(got["errors"]), "0", got["errors"] == 0)
        table.add("p50", f"{got['p50'] / 1000:.1f} ms")
        table.add("p90", f"{got['p90'] / 1000:.1f} ms")
        table.add("p99", f"{got['p99'] / 1000:.1f} ms", "under 50 ms", got["p99"] < 50_000)
        table.add("slowest", f"{got['max'] / 1000:.1f} ms")
        table.add("each kind of list alone (median / p99)", "")
        each_alone(trawl.api, table)
    finally:
        trawl.remove()
        shutil.rmtree(directory, ignore_errors=True)
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
