#!/usr/bin/env python3
"""Messages and megabytes a second of one core that become breakdowns, in the process and through a sandboxed
reader, beside bare GMime (parse and decode only), Python's email, npm mailparser and postal-mime.

The messages are those of the corpus of real mail, where it is here, else those of the demo organisation.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import bench

sys.path.insert(0, os.path.join(bench.HERE, "..", "corpus"))
import score  # noqa: E402
from bench import harness  # noqa: E402

PEERS = os.path.join(bench.HERE, "peers")
SETS = (("phishing", "mail/phishing_pot"), ("ham and spam", "mail/spamassassin"))


def messages(work):
    """[(name, paths)]"""
    corpus = score.find_corpus()
    if not corpus:
        organisation, paths = harness.demo.Organisation(people=40, ordinary=300), []
        for number, mail in enumerate(organisation.reports):
            paths.append(os.path.join(work, f"{number}.eml"))
            pathlib.Path(paths[-1]).write_bytes(mail.raw)
        return [("demo organisation", paths)]
    for _, place in SETS:
        subprocess.run(["tar", "--zstd", "-xf", str(corpus / (place + ".tar.zst")), "-C", work], check=True)
    found = [(name, sorted(str(p) for p in pathlib.Path(work, place).rglob("*") if p.is_file())) for name, place in SETS]
    return [(name, paths[:100] if bench.QUICK else paths) for name, paths in found]


def node_peers(work):
    """Where the npm modules are, or None when they cannot be had."""
    place = os.path.join(work, "peers")
    shutil.copytree(PEERS, place)
    try:
        subprocess.run([os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "npm-ci")], cwd=place, check=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as problem:
        print(f"without mailparser and postal-mime: {problem}")
        return None
    return place


def program():
    build = os.path.dirname(os.path.dirname(os.environ["TRAWL_BINARY"]))
    name = os.path.join("tests", "bench", "bench-breakdown")
    subprocess.run(["ninja", "-C", build, name], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(build, name)


def figures(*command, cwd=None):
    """The fastest of three: the others were disturbed."""
    runs = [json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=cwd).stdout)
            for _ in range(1 if bench.QUICK else 3)]
    return min(runs, key=lambda run: run["seconds"])


def show(name, reader, paths, place, work):
    listing = os.path.join(work, "list")
    pathlib.Path(listing).write_text("\n".join(paths))
    ours = {mode: figures(reader, mode, listing) for mode in ("gmime", "without-pictures", "breakdown", "sandboxed")}
    peers = {"Python email": figures(sys.executable, os.path.join(bench.HERE, "peer_reading.py"), listing)}
    for module in ("mailparser", "postal-mime") if place else ():
        peers["npm " + module] = figures("node", "peer_reading.mjs", module, listing, cwd=place)
    size = ours["gmime"]["bytes"] / 1e6
    table = bench.Table(f"{name}: {len(paths)} messages, {size:.1f} MB, on one core")

    def rate(run):
        return f"{run['messages'] / run['seconds']:.0f} /s  {size / run['seconds']:5.1f} MB/s"

    def times(run):
        return f"{run['p50']:.2f} / {run['p99']:.1f} / {run['max']:.0f} ms"

    for peer, run in peers.items():
        table.add(peer, rate(run))
    table.add("GMime, parsed and decoded, no more", rate(ours["gmime"]))
    for mode, words in (("without-pictures", "Trawl, without PDF and QR"), ("breakdown", "Trawl"), ("sandboxed", "Trawl, sandboxed")):
        table.add(words, rate(ours[mode]))
        table.add("  a message: p50 / p99 / slowest", times(ours[mode]), "p99 under 25 ms", ours[mode]["p99"] < 25)
    memory = ours["sandboxed"]["memory"]
    table.add("  memory of the reader, at most", f"{memory / 1024:.1f} MiB", "under 64 MiB", memory < 64 * 1024)
    share = ours["gmime"]["seconds"] / ours["without-pictures"]["seconds"]
    table.add("without PDF and QR beside GMime", f"{100 * share:.0f} %", "at least 30 %", share >= 0.3)
    if place:
        factor = peers["npm mailparser"]["seconds"] / ours["without-pictures"]["seconds"]
        table.add("and beside npm mailparser", f"{factor:.1f} ×", "at least 10 ×", factor >= 10)
    table.show()


def main():
    work = tempfile.mkdtemp(prefix="trawl-bench-reading-")
    try:
        reader, place = program(), node_peers(work)
        for name, paths in messages(work):
            show(name, reader, paths, place, work)
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
