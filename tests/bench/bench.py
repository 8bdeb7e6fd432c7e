"""What benches share: a table of figures, percentiles, and the memory of a daemon."""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "support")]
import harness  # noqa: E402,F401

QUICK = os.environ.get("BENCH_QUICK") == "1"


class Table:
    """Rows of (figure, value, aim, met): met True, False, or None where there is no aim."""

    def __init__(self, title):
        self.title, self.rows = title, []

    def add(self, figure, value, aim="", met=None):
        self.rows.append((figure, value, aim, {True: "met", False: "MISSED", None: ""}[met]))

    def show(self):
        print(self.title)
        widths = [max(len(row[i]) for row in self.rows) for i in range(4)]
        for row in self.rows:
            print("  " + "  ".join(text.ljust(width) if i != 1 else text.rjust(width)
                                   for i, (text, width) in enumerate(zip(row, widths))).rstrip())
        sys.stdout.flush()


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def pss_mib(pids):
    """Proportional set size of some processes together, in MiB: pages that they share count once."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total / 1024


def cpu_seconds(pids):
    """Processor time that some processes have used, in user and system mode."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def in_browser(program):
    """What a program of tests/ui measured; None, and what it said, when it did not."""
    peers = os.environ.get("TRAWL_UI_PEERS", os.path.join(HERE, "..", "..", "build", "tests", "ui", "peers"))
    out = subprocess.run([sys.executable, os.path.join(HERE, "..", "ui", "run.py"), peers, program], capture_output=True, text=True,
                         check=False)
    found = re.search(r"FIGURES (\{.*\})", out.stdout)
    if not found:
        print(out.stdout, out.stderr)
    return json.loads(found.group(1)) if found else None
