#!/usr/bin/env python3
"""From the start of the program to its first answer, and the memory of a daemon that has nothing to do."""
import time

import bench
from bench import harness


def main():
    table = bench.Table("Start and idle (one maildir server, one source, embedded database)")
    first, later = [], []
    trawl = harness.Trawl()
    mail = harness.Mail(harness.demo.Organisation(people=3, ordinary=3))
    try:
        for turn in range(4 if bench.QUICK else 12):
            begun = time.monotonic()
            trawl.start()
            (later if turn else first).append(1000 * (time.monotonic() - begun))
            if turn == 0:
                trawl.add_source(mail.add_server(trawl))
            trawl.stop()
        trawl.start()
        time.sleep(3 if bench.QUICK else 30)
        memory = bench.pss_mib(trawl.pids())
        by_role = {role: bench.pss_mib([pid]) for role, pid in trawl.processes().items()}
    finally:
        trawl.remove()
        mail.remove()
    table.add("first start to serving (makes the database and keys)", f"{first[0]:.0f} ms")
    worst = max(later)
    table.add(f"start to serving, slowest of {len(later)}", f"{worst:.0f} ms", "under 200 ms", worst < 200)
    table.add("idle, all roles (PSS)", f"{memory:.1f} MiB", "under 40 MiB", memory < 40)
    for role, size in by_role.items():
        table.add(f"  {role}", f"{size:.1f} MiB")
    table.show()


if __name__ == "__main__":
    main()
