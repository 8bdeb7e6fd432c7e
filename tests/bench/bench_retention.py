#!/usr/bin/env python3
"""Removing a tenth of many incidents, with their messages and words, while the API is asked: rows a second, and what those who ask
notice of it."""
import hashlib
import os
import random
import sqlite3
import sys
import threading
import time

import bench
import bench_api
import bench_search
from bench import harness

INCIDENTS = 2000 if bench.QUICK else 100_000
OLD = INCIDENTS // 10
DAY = 86_400_000_000
TABLES = ("incident", "report", "original", "alert", "alert_report", "report_incident", "incident_source", "incident_times",
          "search_incident", "raw_message")


def fill(path):
    bench_search.INCIDENTS = INCIDENTS
    bench_search.fill(path)
    now = time.time_ns() // 1000
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    message = bench_search.zstd(b"x" * 6000)
    hashes = [(i, hashlib.sha256(str(i).encode()).hexdigest()) for i in range(1, INCIDENTS + 1)]
    db.executemany("INSERT INTO raw_message (sha256, size, stored_at, content) VALUES (?, 6000, 1, ?)",
                   ((sha256, message) for _, sha256 in hashes))
    db.executemany("UPDATE report SET sha256 = ? WHERE id = ?", ((sha256, i) for i, sha256 in hashes))
    db.execute("UPDATE incident SET closed_at = ? WHERE state = 'closed'", (now,))
    db.execute("UPDATE incident SET state = 'closed', open_alert_count = 0, need = 0, need_due_at = 0, closed_at = ? WHERE id <= ?",
               (now - 100 * DAY, OLD))
    db.execute("UPDATE alert SET state = 'closed', closed_at = 1 WHERE incident_id <= ?", (OLD,))
    db.commit()
    db.close()


def count(path):
    db = sqlite3.connect(path, timeout=30)
    rows = sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)
    db.close()
    return rows


class Asking(threading.Thread):
    """Somebody who looks at the queue and at incidents, and judges one now and then."""

    def __init__(self, trawl):
        super().__init__()
        self.api, self.ended = harness.Api(trawl.api.url, trawl.api.key), threading.Event()
        self.reads, self.writes = [], []

    def run(self):
        rnd = random.Random(4)
        while not self.ended.is_set():
            i = rnd.randrange(OLD + 1, INCIDENTS)
            paths = ["/incidents?state=open&sort=need&limit=50", f"/incidents/{i}", f"/incidents/{i}/alerts"]
            for path in paths:
                begun = time.perf_counter()
                self.api.get(path)
                self.reads.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()
            self.api.patch(f"/incidents/{i}", {"severity": rnd.choice(["minor", "major"])})
            self.writes.append(1000 * (time.perf_counter() - begun))
            time.sleep(0.02)

    def during(self, seconds=None, until=None):
        self.reads, self.writes = [], []
        if until:
            until()
        else:
            time.sleep(seconds)
        return self.reads, self.writes


def main():
    table = bench.Table(f"Retention over SQLite: {OLD:,} of {INCIDENTS:,} incidents go while the API is asked")
    trawl = harness.Trawl()
    try:
        trawl.start()
        trawl.stop()
        path = os.path.join(trawl.data, "db", "trawl.db")
        fill(path)
        trawl.start()
        bench_api.wait_settled(path)
        plan = trawl.api.get("/retention")
        trawl.api.call("PUT", "/retention", {**{name: plan[name] for name in plan["limits"]}, "incident_days": 60})
        begun = time.perf_counter()
        trawl.api.get("/retention/preview?incident_days=60")
        table.add("preview", f"{1000 * (time.perf_counter() - begun):.0f} ms")
        before = count(path)
        asking = Asking(trawl)
        asking.start()
        asking.during(1)
        quiet = asking.during(5)

        def removed():
            trawl.api.post("/retention/runs")
            trawl.wait_for(lambda: (rows := trawl.api.get("/retention/runs")["items"]) and rows[0]["state"] == "done", 1800, "the run", every=0.2)
        busy = asking.during(until=removed)
        asking.ended.set()
        asking.join()
        run = trawl.api.get("/retention/runs")["items"][0]
        assert run["removed"]["incidents"] == OLD, run
        from datetime import datetime
        took = (datetime.fromisoformat(run["finished_at"]) - datetime.fromisoformat(run["started_at"])).total_seconds()
        rows = before - count(path)
        table.add("took", f"{took:.1f} s")
        table.add("removed", f"{OLD / took:.0f} incidents/s, {rows / took:.0f} rows/s, besides words")
        for name, index in (("read", 0), ("change", 1)):
            for when, times in (("before", quiet[index]), ("meanwhile", busy[index])):
                median, late = (bench.percentile(times, p) for p in (0.5, 0.99))
                table.add(f"a {name} {when} (median / p99, of)", f"{median:.1f} / {late:.1f} ms, {len(times):,}",
                          *(("p99 under 100 ms", late < 100) if when == "meanwhile" else ()))
    finally:
        trawl.remove()
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
