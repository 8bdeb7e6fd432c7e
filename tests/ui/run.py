#!/usr/bin/env python3
"""Runs the tests of the console in a real browser: run.py PEERS [PROGRAM], TAP on standard output.

PEERS is where Playwright and axe are installed, once; after that nothing is fetched. Everything is skipped where there is no
Chromium. TRAWL_BINARY names the program under test, TRAWL_CHROMIUM another browser; TRAWL_PICTURES=1 renews the pictures of
docs/images/console.
"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import npm  # noqa: E402


def main():
    peers, program = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "all.mjs"
    if not shutil.which(os.environ.get("TRAWL_CHROMIUM", "chromium")):
        print("1..0 # SKIP skipped: chromium is not installed")
        return 0
    npm.install(HERE, peers)
    environment = dict(os.environ, TRAWL_UI_PEERS=peers)
    reporter = ["--test-reporter=" + os.path.join(HERE, "tap.mjs")] if program.endswith(".mjs") else []
    return subprocess.run(["node", *reporter, os.path.join(HERE, program)], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
