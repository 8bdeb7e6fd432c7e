#!/usr/bin/env python3
"""The queue in a browser with a hundred thousand incidents: a verdict by key until it is seen, and frames while it scrolls."""
import json
import os
import re
import shutil
import subprocess
import sys

import bench

HERE = os.path.dirname(os.path.abspath(__file__))
UI = os.path.join(HERE, "..", "ui")


def main():
    if not shutil.which(os.environ.get("TRAWL_CHROMIUM", "chromium")):
        print("skipped: chromium is not here")
        return 77
    peers = os.environ.get("TRAWL_UI_PEERS", os.path.join(HERE, "..", "..", "build", "tests", "ui", "peers"))
    out = subprocess.run([sys.executable, os.path.join(UI, "run.py"), peers, "figures.mjs"], capture_output=True, text=True, check=False)
    found = re.search(r"FIGURES (\{.*\})", out.stdout)
    if not found:
        print(out.stdout, out.stderr)
        return 1
    got = json.loads(found.group(1))
    table = bench.Table("The queue in Chromium with 100,000 open incidents")
    table.add("a verdict by key until it is seen (median / p99)", " / ".join(f"{one:.1f}" for one in got["verdict"]) + " ms",
              "under 50 ms", got["verdict"][1] < 50)
    table.add("a frame while it scrolls (median / p99)", " / ".join(f"{one:.1f}" for one in got["frame"]) + " ms")
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
