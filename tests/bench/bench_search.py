#!/usr/bin/env python3
"""Full text search over a store with many incidents: how fast it is indexed, what the index takes, and how long words take that
are in every message, in few, or in one."""
import hashlib
import json
import os
import random
import sqlite3
import struct
import sys
import time
import urllib.parse

import bench
import bench_api
from bench import harness

INCIDENTS = 2000 if bench.QUICK else 100_000
TIMES = 20 if bench.QUICK else 100
VOCABULARY = 20_000
SYLLABLES = ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu"]


def word(n):
    """The n-th word of a language in which the first are the most common."""
    return "".join(SYLLABLES[n // 20 ** i % 20] for i in range(4)) if n >= 50 else f"w{SYLLABLES[n % 20]}{n}"


def zstd(data):
    """A frame of one block that is not compressed (RFC 8878)."""
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + struct.pack("<I", len(data) << 3 | 1)[:3] + data


def breakdown(i, rnd):
    def text(n):
        return " ".join(word(int(VOCABULARY ** rnd.random())) for _ in range(n))
    host = f"h{rnd.randrange(INCIDENTS // 10)}.evil.example"
    return zstd(json.dumps({"message": {
        "subject": f"{text(5)} {i}", "message_id": f"m{i}@out.example",
        "from": [{"name": text(2), "address": f"a{rnd.randrange(INCIDENTS // 20)}@out.example"}],
        "to": [{"name": None, "address": f"user{rnd.randrange(2000)}@corp.example"}],
        "text": text(150) + f" unique{i} please read this",
        "links": [{"url": f"https://{host}/{word(rnd.randrange(VOCABULARY))}", "text": text(2), "target": None}],
        "attachments": [{"name": f"{word(rnd.randrange(500))}.pdf", "sha256": hashlib.sha256(str(i % 5000).encode()).hexdigest()}],
    }}).encode())


def fill(path):
    rnd = random.Random(3)
    bench_api.INCIDENTS = INCIDENTS
    bench_api.fill(path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    db.executemany("UPDATE original SET breakdown = ? WHERE id = ?", ((breakdown(i, rnd), i) for i in range(1, INCIDENTS + 1)))
    db.commit()
    db.close()


def indexed(path):
    db = sqlite3.connect(path, timeout=30)
    count = db.execute("SELECT count(*) FROM search_incident").fetchone()[0]
    db.close()
    return count


def size(path):
    db = sqlite3.connect(path, timeout=30)
    rows, octets = db.execute("SELECT count(*), sum(length(word) + length(incidents) + 4) FROM search_word").fetchone()
    db.close()
    return rows, octets


QUESTIONS = [
    ("a word of every message", lambda rnd: "please"),
    ("a common word", lambda rnd: word(rnd.randrange(5))),
    ("a rare word", lambda rnd: word(rnd.randrange(VOCABULARY // 2, VOCABULARY))),
    ("a word of one message", lambda rnd: f"unique{rnd.randrange(1, INCIDENTS)}"),
    ("two common words", lambda rnd: f"{word(0)} {word(3)}"),
    ("common and not common", lambda rnd: f"please -{word(1)}"),
    ("an address", lambda rnd: f"from:a{rnd.randrange(INCIDENTS // 20)}@out.example"),
    ("a host", lambda rnd: f"link:h{rnd.randrange(INCIDENTS // 10)}.evil.example"),
    ("a domain of all", lambda rnd: "evil.example"),
    ("a hash", lambda rnd: hashlib.sha256(str(rnd.randrange(5000)).encode()).hexdigest()),
    ("a beginning", lambda rnd: f"{word(rnd.randrange(VOCABULARY))[:5]}*"),
    ("a common phrase", lambda rnd: "\"please read this\""),
    ("a rare phrase of common words", lambda rnd: f"\"{word(0)} {word(1)} {word(2)}\""),
    ("a phrase that is nowhere", lambda rnd: "\"this please read\""),
]


def ask(api, text):
    begun = time.perf_counter()
    page = api.get("/search?limit=50&q=" + urllib.parse.quote(text))
    return 1000 * (time.perf_counter() - begun), page


def main():
    table = bench.Table(f"Search over SQLite with {INCIDENTS:,} incidents")
    trawl = harness.Trawl()
    try:
        trawl.start()
        trawl.stop()
        path = os.path.join(trawl.data, "db", "trawl.db")
        fill(path)
        before = os.path.getsize(path)
        begun = time.monotonic()
        trawl.start()
        while indexed(path) < INCIDENTS:
            time.sleep(1)
        took = time.monotonic() - begun
        rows, octets = size(path)
        table.add("indexed", f"{took:.0f} s, {INCIDENTS / took:.0f} incidents/s")
        table.add("rows of the index", f"{rows:,}")
        table.add("what they hold", f"{octets / 1e6:.0f} MB")
        table.add("the file has grown by", f"{(os.path.getsize(path) - before) / 1e6:.0f} MB, {(os.path.getsize(path) - before) / INCIDENTS:.0f} bytes an incident")
        rnd = random.Random(8)
        table.add("first page of 50 (median / p99, hits)", "")
        for name, question in QUESTIONS:
            times, page = [], None
            for _ in range(TIMES):
                took, page = ask(trawl.api, question(rnd))
                times.append(took)
            found = "?" if page["total"] is None else f"{page['total']:,}"
            median = bench.percentile(times, 0.5)
            table.add(f"  {name}", f"{median:.1f} / {bench.percentile(times, 0.99):.1f} ms, {found}", "under 100 ms", median < 100)
    finally:
        trawl.remove()
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
