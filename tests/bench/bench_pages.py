#!/usr/bin/env python3
"""Pages of the console in a browser: what they weigh, when they can be used, what moves while they load, and long lists."""
import os
import shutil
import sys

import bench


def main():
    if not shutil.which(os.environ.get("TRAWL_CHROMIUM", "chromium")):
        print("skipped: chromium is not here")
        return 77
    got = bench.in_browser("page_figures.mjs")
    if not got:
        return 1
    pair = lambda values: " / ".join(f"{one:.0f}" for one in values) + " ms"  # noqa: E731
    table = bench.Table(f"Pages in Chromium {got['version']}")
    table.add("first load: script, styles, page, icon, compressed", f"{got['first']['own'] / 1000:.1f} kB", "at most 150 kB", got["first"]["own"] <= 150_000)
    table.add("  and what it asks of the API", f"{got['first']['data'] / 1000:.1f} kB")
    table.add("until a key is taken, processor slowed 4 times", f"{got['slow']:.0f} ms", "at most 500 ms", got["slow"] <= 500)
    table.add("  with 100,000 incidents", f"{got['slowMany']:.0f} ms", "at most 500 ms", got["slowMany"] <= 500)
    table.add("100,000 filtered, until the rows are there (median / p99)", pair(got["filtered"]), "at most 100 ms", got["filtered"][1] <= 100)
    table.add("an incident with 10,000 alerts opens (median / p99)", pair(got["opened"]), "at most 300 ms", got["opened"][1] <= 300)
    for one in got["moved"]:
        if one["value"]:
            table.add(f"what moves at {one['path']}, {one['device']}", f"{one['value']:.4f}", "nothing", False)
            print(one)
    still = sum(1 for one in got["moved"] if not one["value"])
    table.add("pages on which nothing moves while they load, on a desktop and on a phone", f"{still} of {len(got['moved'])}", "all", still == len(got["moved"]))
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
