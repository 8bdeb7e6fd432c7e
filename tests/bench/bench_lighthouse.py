#!/usr/bin/env python3
"""What Lighthouse says of the console's pages: performance, accessibility, best practices, of 100."""
import filecmp
import os
import shutil
import subprocess
import sys

import bench

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "lighthouse")
AIM = 95


def install(directory):
    """As tests/ui/run.py does: once, and again when the lock file has changed."""
    mark = os.path.join(directory, "node_modules", ".trawl-lock")
    lock = os.path.join(SOURCE, "package-lock.json")
    if os.path.exists(mark) and filecmp.cmp(lock, mark, shallow=False):
        return
    os.makedirs(directory, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(SOURCE, file), directory)
    subprocess.run([os.path.join(HERE, "..", "..", "tools", "npm-ci")], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    shutil.copy(lock, mark)


def main():
    if not shutil.which(os.environ.get("TRAWL_CHROMIUM", "chromium")):
        print("skipped: chromium is not here")
        return 77
    os.environ.setdefault("TRAWL_LIGHTHOUSE", os.path.join(HERE, "..", "..", "build", "tests", "bench", "lighthouse"))
    os.environ["TRAWL_LIGHTHOUSE"] = os.path.abspath(os.environ["TRAWL_LIGHTHOUSE"])
    install(os.environ["TRAWL_LIGHTHOUSE"])
    got = bench.in_browser(os.path.join("..", "bench", "lighthouse", "lighthouse.mjs"))
    if not got:
        return 1
    table = bench.Table("Lighthouse: performance, accessibility, best practices")
    for one in got["scores"]:
        three = [one[name] for name in ("performance", "accessibility", "best-practices")]
        table.add(f"{one['path']}, {one['device']}", " / ".join(map(str, three)), f"each at least {AIM}", min(three) >= AIM)
    table.show()
    for one in got["scores"]:
        if one["lost"]:
            print(f"    {one['path']}, {one['device']}: {'; '.join(one['lost'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
