#!/usr/bin/env python3
"""Reporters and statistics over a store with many reports: how fast they are counted, and how long it takes to ask."""
import os
import sqlite3
import sys
import time

import bench
import bench_api
from bench import harness

INCIDENTS = 5000 if bench.QUICK else 100_000
TIMES = 20 if bench.QUICK else 100
ASKED = [
    ("reporters, the last first", "/reporters"),
    ("reporters with the most reports", "/reporters?sort=reports&limit=100"),
    ("reporters with a name", "/reporters?q=user77"),
    ("reporters whom nobody has the name of", "/reporters?q=no-such-name"),
    ("statistics of all reports", "/statistics?from=2026-09-01T00:00:00Z&to=2026-12-31T00:00:00Z&offset=60"),
    ("statistics of a source", "/statistics?from=2026-09-01T00:00:00Z&to=2026-12-31T00:00:00Z&source_id=1"),
]


def counted(path):
    db = sqlite3.connect(path, timeout=30)
    times = db.execute("SELECT count(*) FROM incident_times").fetchone()[0]
    stale = db.execute("SELECT count(*) FROM reporter WHERE stale = 1").fetchone()[0]
    db.close()
    return times == INCIDENTS and stale == 0


def main():
    table = bench.Table(f"What is counted, over SQLite with {INCIDENTS:,} reports and incidents")
    trawl = harness.Trawl()
    try:
        trawl.start()
        trawl.stop()
        path = os.path.join(trawl.data, "db", "trawl.db")
        bench_api.INCIDENTS = INCIDENTS
        bench_api.fill(path)
        begun = time.monotonic()
        trawl.start()
        while not counted(path):
            time.sleep(0.5)
        took = time.monotonic() - begun
        table.add("counted for the first time", f"{took:.0f} s, {INCIDENTS / took:.0f} incidents/s")
        for name, asked in ASKED:
            times = []
            for _ in range(TIMES):
                begun = time.perf_counter()
                trawl.api.get(asked)
                times.append(1000 * (time.perf_counter() - begun))
            median = bench.percentile(times, 0.5)
            table.add(f"  {name} (median / p99)", f"{median:.1f} / {bench.percentile(times, 0.99):.1f} ms", "under 100 ms" if "statistics" not in name else "under 500 ms",
                      median < (100 if "statistics" not in name else 500))
    finally:
        trawl.remove()
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
