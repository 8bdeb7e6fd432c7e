#!/usr/bin/env python3
"""The queue in a browser with a hundred thousand incidents: a verdict by key until it is seen, and frames while it scrolls."""
import os
import shutil
import sys

import bench


def main():
    if not shutil.which(os.environ.get("TRAWL_CHROMIUM", "chromium")):
        print("skipped: chromium is not here")
        return 77
    got = bench.in_browser("figures.mjs")
    if not got:
        return 1
    table = bench.Table("The queue in Chromium with 100,000 open incidents")
    table.add("a verdict by key until it is seen (median / p99)", " / ".join(f"{one:.1f}" for one in got["verdict"]) + " ms",
              "under 50 ms", got["verdict"][1] < 50)
    table.add("a frame while it scrolls (median / p99)", " / ".join(f"{one:.1f}" for one in got["frame"]) + " ms")
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
