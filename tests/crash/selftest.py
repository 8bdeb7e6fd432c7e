#!/usr/bin/env python3
"""Does the rig see what it is there to see?

The victim (victim.py) keeps items the right way. The shim counts exactly the events that it makes; killed at
every one of them, also half-way through writes, it loses nothing, and after a power cut neither. With an fsync
left out the count is wrong, and with one kind of fsync taken away something must be missing after a power
cut: if not, this test is red.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
import control
import power
import tap
import victim

SHIM = os.environ.get("TRAWL_CRASH_SHIM", "")


def run(mode, kill_at=0, half=False, drop=(), seed=None, arguments=()):
    """One life of the victim: (promises, what is missing of them, events, places)."""
    root = tempfile.mkdtemp(prefix="trawl-victim-", dir="/dev/shm")
    shared = control.Control(mode, kill_at, half, drop, data_root=root)
    try:
        os.mkdir(os.path.join(root, "raw"))
        open(os.path.join(root, "trawl.db"), "w").close()
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **shared.environment(SHIM))
        process = subprocess.run([sys.executable, os.path.join(HERE, "victim.py"), root, *arguments], env=environment, timeout=60,
                                 stdout=subprocess.PIPE, start_new_session=True, check=False)
        if mode == control.POWER and kill_at:
            power.cut(shared.log(), [root], random.Random(seed) if seed is not None else None)
        kept = [int(line.split()[1]) for line in process.stdout.decode().splitlines()]
        return kept, missing(root, kept), shared.events, shared.where
    finally:
        shared.close()
        shutil.rmtree(root)


def missing(root, kept):
    with open(os.path.join(root, "trawl.db"), "rb") as file:
        noted = [int(line) for line in file.read().split(b"\n")[:-1]]
    wrong = [f"item {n} was promised and is not noted" for n in kept if n not in noted]
    for number in noted:
        try:
            with open(os.path.join(root, "raw", f"item-{number}"), "rb") as file:
                if file.read() != victim.content(number):
                    wrong.append(f"item {number} is damaged")
                elif os.fstat(file.fileno()).st_mtime != 1000:
                    wrong.append(f"item {number} has lost its date")
        except FileNotFoundError:
            wrong.append(f"item {number} is noted and not there")
    return wrong


TOTAL = victim.ROUNDS * victim.EVENTS_A_ROUND


@unittest.skipUnless(SHIM, "skipped: TRAWL_CRASH_SHIM is not set")
class TheRigSees(unittest.TestCase):
    def test_every_event_is_counted_once(self):
        kept, wrong, events, _ = run(control.TRACE)
        self.assertEqual((kept, wrong, events), (list(range(victim.ROUNDS)), [], TOTAL))

    def test_an_fsync_left_out_is_missed(self):
        self.assertEqual(run(control.TRACE, arguments=("--without-fsync",))[2], TOTAL - victim.ROUNDS)

    def test_a_kill_comes_before_its_event_and_nothing_is_lost(self):
        for point in range(1, TOTAL + 1):
            for half in (False, True):
                kept, wrong, events, where = run(control.KILL, point, half)
                self.assertEqual((wrong, events), ([], point), where)
                self.assertEqual(len(kept), (point - 1) // victim.EVENTS_A_ROUND, where)

    def test_half_a_write_is_half_a_write(self):
        root = tempfile.mkdtemp(dir="/dev/shm")
        shared = control.Control(control.KILL, 1, True)
        try:
            code = f"import os; os.write(os.open({root + '/x'!r}, os.O_CREAT | os.O_WRONLY), b'0123456789')"
            subprocess.run([sys.executable, "-c", code], env=dict(os.environ, **shared.environment(SHIM)), check=False,
                           start_new_session=True)
            with open(os.path.join(root, "x"), "rb") as file:
                self.assertEqual(file.read(), b"01234")
        finally:
            shared.close()
            shutil.rmtree(root)

    def test_writes_keep_the_locks_of_their_file(self):
        """SQLite's are fcntl locks, which any close of the file in the same process gives up."""
        code = """
import fcntl, os, sys
def lock(): return fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
file = os.open(sys.argv[1], os.O_RDWR)
lock()
os.pwrite(file, b"new", 0)
os.ftruncate(file, 2)
if os.fork() == 0:
    lock()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
        root = tempfile.mkdtemp(dir="/dev/shm")
        path = os.path.join(root, "trawl.db")
        with open(path, "wb") as file:
            file.write(b"old bytes")
        shared = control.Control(control.POWER, data_root=root)
        try:
            other = subprocess.run([sys.executable, "-c", code, path], env=dict(os.environ, **shared.environment(SHIM)), check=True,
                                   capture_output=True, text=True)
            self.assertEqual(other.stdout, "1\n", "another process got the lock")
            self.assertIn("BlockingIOError", other.stderr)
            self.assertEqual([change.op for change in power.read_log(shared.log())], ["pwrite", "ftruncate"])
        finally:
            shared.close()
            shutil.rmtree(root)

    def test_after_a_power_cut_nothing_promised_is_lost(self):
        for point in range(1, TOTAL + 1):
            for half, seed in ((False, None), (True, None), (False, point)):
                _, wrong, _, where = run(control.POWER, point, half, seed=seed)
                self.assertEqual(wrong, [], f"point {point} {where}")

    def test_an_fsync_taken_away_is_found(self):
        for drop in ("raw", "directory", "database"):
            with self.subTest(drop=drop):
                found = [point for point in range(1, TOTAL + 1) if run(control.POWER, point, drop=(drop,))[1]]
                self.assertTrue(found, f"the {drop} fsync was taken away and no power cut lost anything")


if __name__ == "__main__":
    tap.main()
