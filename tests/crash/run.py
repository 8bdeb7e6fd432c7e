#!/usr/bin/env python3
"""The crash rig: kills `trawl serve` at chosen events and looks whether anything was lost, doubled or mistaken.

    run.py --sample 300          300 points, the same ones for the same --seed
    run.py --all                 every event of every world and mode (hours)
    run.py --every 20            each 20th of them, evenly
    run.py --point WORLD:MODE:OP:N   one point again; what a failure prints

A world is where the mail is: maildir, dovecot. OP:N is the N-th event of a kind (rename:17) or of all (any:17).
A mode is what happens there: `kill` (SIGKILL before it), `half` (half-way through it when it is a write), `power`
(SIGKILL, and everything that was not synced is undone) and `flaky` (the same, but a random part of it survives).
After each the daemon is started again without the shim, finishes the scenario, and `trawl check --mailboxes` and
the model must agree.

--drop takes an fsync away (raw, database, directory, mail); --self-test does that for each and fails when no
loss is found.
"""
import argparse
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
import control  # noqa: E402
import power  # noqa: E402
import scenario  # noqa: E402
from scenario import demo, harness  # noqa: E402

# name: (mode of the shim, half a write)
MODES = {"kill": (control.KILL, False), "half": (control.KILL, True), "power": (control.POWER, False),
         "flaky": (control.POWER, True)}


class MaildirWorld:
    """Mail in Maildirs on this file system, which a power cut hits too."""
    name = "maildir"

    def __init__(self, directory, world):
        self.world, self.mail = world, os.path.join(directory, "live", "mail")
        self.power_root = self.mail
        self.views = [lambda mailbox: harness.maildir_messages(demo.maildir_path(self.mail, mailbox))]

    def make(self):
        for mailbox in self.world.mailboxes:
            demo.maildir_make(self.mail, mailbox)

    def add_server(self, trawl):
        return trawl.add_maildir_server(self.mail)

    def fill(self):
        for delivery in self.world.deliveries():
            demo.maildir_deliver(self.mail, delivery)

    def reset(self):
        """The slot does it: the Maildirs lie beside the data."""

    def close(self):
        pass


class DovecotWorld:
    """Mail on a Dovecot that lives on: the power of its machine does not fail. Its Maildirs are put back between points."""
    name = "dovecot"
    power_root = ""

    def __init__(self, directory, world):
        import dovecot
        self.world = world
        self.dovecot = dovecot.Dovecot(users=world.mailboxes, directory=os.path.join(directory, "dovecot"))
        # Its files are quick to read; where they differ from the model, a mail program has the last word.
        self.views = [lambda mailbox: harness.maildir_messages(self.dovecot.maildir(mailbox)),
                      lambda mailbox: harness.imap_messages(self.dovecot, mailbox)]
        self.mail, self.saved = (os.path.join(self.dovecot.directory, name) for name in ("mail", "saved"))

    def make(self):
        os.chmod(os.path.dirname(self.dovecot.directory), 0o755)
        self.dovecot.start()

    def add_server(self, trawl):
        return harness.add_dovecot_server(trawl, self.dovecot)

    def fill(self):
        for delivery in self.world.deliveries():
            self.dovecot.deliver(delivery.mailbox, delivery.folder, delivery.raw, delivery.flags, delivery.received)
        subprocess.run(["cp", "-a", self.mail, self.saved], check=True)

    def reset(self):
        self.dovecot.drop_sessions()  # one that ends late would write its indexes into the new mailboxes
        subprocess.run(["rm", "-rf", self.mail], check=True)
        subprocess.run(["cp", "-a", self.saved, self.mail], check=True)

    def close(self):
        self.dovecot.close()


WORLDS = {"maildir": MaildirWorld, "dovecot": DovecotWorld}


class Slot:
    """A place where one point runs at a time: an installation ready to start, and a copy to begin anew with."""

    def __init__(self, directory, kind, world, options):
        self.directory, self.world, self.options = directory, world, options
        self.live, self.saved = os.path.join(directory, "live"), os.path.join(directory, "saved")
        self.data = os.path.join(self.live, "data")
        os.makedirs(self.data)
        self.mail = kind(directory, world)
        try:
            self._make()
        except BaseException:
            self.mail.close()
            raise

    def _make(self):
        """Configured, with its empty mailboxes polled; then the mail arrives."""
        self.mail.make()
        trawl = self._trawl()
        try:
            trawl.start()
            server = self.mail.add_server(trawl)
            sources = [trawl.add_source(server, f"abuse-{action}", scenario.mailbox_of(action), action)
                       for action in scenario.ACTIONS]
            trawl.wait_for(lambda: all(trawl.api.get(f"/sources/{s['id']}")["state"]["last_success_at"] for s in sources), 20,
                           "the first polls")
            trawl.wait_until_idle()
            trawl.stop()
        finally:
            trawl.kill()
        os.unlink(trawl.log_path)
        self.mail.fill()
        subprocess.run(["cp", "-a", self.live, self.saved], check=True)

    def _trawl(self, environment=None):
        return harness.Trawl(data=self.data, environment=environment,
                             arguments=["--threads", str(self.options.threads)] if self.options.threads else [])

    def reset(self):
        subprocess.run(["rm", "-rf", self.live], check=True)
        subprocess.run(["cp", "-a", self.saved, self.live], check=True)
        self.mail.reset()

    # -- lives of the daemon --

    def first_life(self, mode, op, kill_at, half, drop, rng):
        """With the shim, until it is killed or done: (events, events by kind, where it was killed or None)."""
        shared = control.Control(mode, kill_at, half, drop, self.data, self.mail.power_root, self.options.directory, op)
        trawl = self._trawl(shared.environment(self.options.shim))
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(shared, trawl, stop))
        try:
            quiet = Quiet(shared)
            try:
                trawl.start(wait=False)
                watcher.start()
                trawl.wait_until_serving(60)
                scenario.Driver(self.world, trawl, quiet.wait).run()
                trawl.stop()
            except (scenario.Died, RuntimeError, ConnectionError, OSError):
                if not shared.fired:
                    raise
            trawl.kill()
            where = shared.where if shared.fired else None
            if mode == control.POWER and where:
                self._cut_power(shared.log(), rng)
            return shared.events, shared.per_op, where
        finally:
            stop.set()
            trawl.kill()
            if watcher.ident:
                watcher.join()
            shared.close()

    def _cut_power(self, log, rng):
        """With --keep, what the cut is made of is put aside for keep(): the log, the changes lost, the files before and after."""
        place = os.path.join(self.directory, "cut")
        shutil.rmtree(place, ignore_errors=True)
        if self.options.keep:
            os.mkdir(place)
            subprocess.run(["cp", "-a", self.live, os.path.join(place, "before")], check=True)
        lost, survived = power.cut(log, [self.data, self.mail.power_root], rng)
        if self.options.keep:
            subprocess.run(["cp", "-a", self.live, os.path.join(place, "after")], check=True)
            with open(os.path.join(place, "changes.txt"), "w", encoding="utf-8") as file:
                file.writelines(f"lost {change}\n" for change in lost)
                file.writelines(f"survived {change}\n" for change in survived)
            with open(os.path.join(place, "log"), "wb") as file:
                file.write(log)

    @staticmethod
    def _watch(shared, trawl, stop):
        """Kills on behalf of a process whose sandbox forbids it."""
        while not stop.wait(0.002):
            if shared.fired == 2 and trawl.process:
                try:
                    os.killpg(trawl.process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                return

    def second_life(self, seconds=60):
        """Without the shim, to the end. What is wrong then: sentences, and what the store says."""
        trawl = self._trawl()
        try:
            trawl.start()
            scenario.Driver(self.world, trawl, lambda: time.sleep(0.01), seconds).run()
            store = scenario.summary(self.world, trawl)
            checked = subprocess.run([harness.BINARY, "check", "--mailboxes", "--strict", "--data", self.data], capture_output=True,
                                     text=True, timeout=60, check=False)
            trawl.stop()
        finally:
            log = trawl.log() if os.path.exists(trawl.log_path) else ""
            trawl.kill()
        wrong = self.world.compare(*self.mail.views)
        if checked.returncode != 0:
            wrong.append(f"trawl check --mailboxes: status {checked.returncode}\n{checked.stdout}{checked.stderr}")
        return wrong, store, log

    def point(self, mode, op, number, drop=(), seed=0):
        """Kills at the @number-th event of kind @op, lets it finish: (what is wrong, where it was killed)."""
        self.reset()
        shim_mode, flag = MODES[mode]
        rng = random.Random(f"{seed}:{op}:{number}") if mode == "flaky" else None
        try:
            _, _, where = self.first_life(shim_mode, op, number, mode == "half", drop, rng)
        except (AssertionError, RuntimeError, scenario.Died, OSError) as error:
            return [f"it went wrong before it was killed: {error}"], None
        try:
            wrong, store, _ = self.second_life(10 if drop else 60)
        except (AssertionError, RuntimeError, scenario.Died, OSError) as error:
            return [f"it does not finish: {error}"], where
        expected = self.expected
        wrong += [f"the store lacks: {line}" for line in missing(expected, store)]
        wrong += [f"the store has besides: {line}" for line in missing(store, expected)]
        if wrong and self.options.keep:
            self.keep(f"{self.mail.name}-{mode}-{op}-{number}")
        return wrong, where

    def keep(self, name):
        """What a failure left behind, for people."""
        place = tempfile.mkdtemp(prefix=name + "-", dir=self.options.keep)
        cut = os.path.join(self.directory, "cut")
        for directory in {self.live, self.mail.mail} | ({cut} if os.path.exists(cut) else set()):
            subprocess.run(["cp", "-a", directory, place], check=True)
        print(f"kept: {place}", flush=True)

    def clean_run(self):
        """Nothing is killed: how many events there are, and what the store says at the end."""
        self.reset()
        events, per_op, _ = self.first_life(control.TRACE, "any", 0, False, (), None)
        wrong, self.expected, log = self.second_life()
        if wrong:
            raise SystemExit("crash rig: even a run without a kill goes wrong:\n  " + "\n  ".join(wrong) + "\n" + log)
        return events, per_op


class Quiet:
    """Waits until no event has happened for a while, so that looking adds few events of its own."""

    def __init__(self, shared):
        self.shared = shared

    def wait(self):
        last, since, until = self.shared.events, time.monotonic(), time.monotonic() + 0.25
        while time.monotonic() < until:
            time.sleep(0.003)
            if self.shared.fired:
                return
            events = self.shared.events
            if events != last:
                last, since = events, time.monotonic()
            elif time.monotonic() - since > 0.012:
                return


def missing(of, among):
    left = list(among)
    absent = []
    for line in of:
        if line in left:
            left.remove(line)
        else:
            absent.append(line)
    return absent


class Rig:
    """Slots, and points handed out to them."""

    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix="trawl-rig-", dir=options.directory)
        os.chmod(self.directory, 0o755)  # Dovecot runs as nobody and has to reach its own directory
        self.world = scenario.World()
        self.free, self.slots, self.totals = {}, [], {}

    def open(self):
        for name in self.options.worlds:
            self.free[name] = queue.Queue()
            for number in range(self.options.jobs):
                slot = Slot(os.path.join(self.directory, f"{name}-{number}"), WORLDS[name], self.world, self.options)
                self.slots.append(slot)
                if number == 0:
                    total, per_op = slot.clean_run()
                    self.totals[name] = {"any": total, **{op: count for op, count in per_op.items() if count}}
                    used = ", ".join(f"{count} {op}" for op, count in sorted(per_op.items(), key=lambda x: -x[1]) if count)
                    print(f"crash rig: {name}: {total} events in a run without a kill: {used}", flush=True)
                    expected = slot.expected
                slot.expected = expected
                self.free[name].put(slot)

    def close(self):
        for slot in self.slots:
            slot.mail.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def run_point(self, name, mode, op, number, drop=()):
        slot = self.free[name].get()
        try:
            return slot.point(mode, op, number, drop, self.options.seed)
        finally:
            self.free[name].put(slot)

    def sample(self, count):
        """Worlds and modes take turns. Every other point is drawn from all events, most of which are the database's;
        the others from each kind alike, so that the rare ones, which touch mailboxes, have their share."""
        rng = random.Random(self.options.seed)
        turns = [(name, mode) for mode in self.options.modes for name in self.options.worlds]
        points = []
        for number in range(count):
            name, mode = turns[number % len(turns)]
            kinds = sorted(self.totals[name].keys() - {"any"})
            op = "any" if number // len(turns) % 2 else rng.choice(kinds)
            points.append((name, mode, op, rng.randint(1, self.totals[name][op])))
        return points

    def every(self, step=1):
        """All points, or each @step-th event; the modes begin at different ones."""
        return [(name, mode, "any", number) for name in self.options.worlds for turn, mode in enumerate(self.options.modes)
                for number in range(1 + turn * step // len(self.options.modes), self.totals[name]["any"] + 1, step)]

    def run(self, points, drop=(), stop_at_first=False):
        """The failures among @points: [(point, what is wrong, where)]."""
        failures, done, started = [], 0, time.monotonic()
        progress = Progress(len(points))
        with ThreadPoolExecutor(self.options.jobs) as pool:
            waiting = {pool.submit(self.run_point, *point, drop): point for point in points}
            try:
                for future in as_completed(waiting):
                    point, (wrong, where) = waiting[future], future.result()
                    done += 1
                    if wrong:
                        failures.append((point, wrong, where))
                        if stop_at_first:
                            break
                        progress.clear()
                        show(point, wrong, where, drop)
                    progress.show(done, len(failures), time.monotonic() - started)
            finally:
                for future in waiting:
                    future.cancel()
        progress.clear()
        return failures


def show(point, wrong, where, drop=()):
    name = ":".join(map(str, point))
    print(f"FAIL  {name}  {where or 'not killed: the run was over before'}")
    for sentence in wrong[:12]:
        print("      " + sentence.rstrip().replace("\n", "\n      "))
    if len(wrong) > 12:
        print(f"      … and {len(wrong) - 12} more")
    print(f"      again: {os.path.relpath(__file__)} --point {name}"
          f"{' --drop ' + ','.join(drop) if drop else ''}", flush=True)


class Progress:
    def __init__(self, total):
        self.total, self.terminal, self.said = total, sys.stdout.isatty(), 0.0

    def show(self, done, failed, seconds):
        line = f"crash rig: {done}/{self.total} points, {failed} failed, {seconds:.0f} s"
        if self.terminal:
            print("\r\033[K" + line, end="", flush=True)
        elif seconds - self.said >= 30:
            self.said = seconds
            print(line, flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", flush=True)


# Power cuts that look for a missing fsync. By the daemon's last steps, which are unlinks, all is promised that ever will
# be, so a cut there loses whatever was not made durable; the others are drawn. The first find ends it.
SELF_TEST_LAST, SELF_TEST_DRAWN = 12, 60


def self_test_points(rig, drop):
    """The power cuts are the same as of a green run."""
    rng = random.Random(rig.options.seed)
    points = []
    for name in rig.options.worlds:
        if drop == "mail" and name != "maildir":
            continue
        total, unlinks = rig.totals[name]["any"], rig.totals[name]["unlink"]
        points += [(name, "power", "unlink", number) for number in range(unlinks, max(0, unlinks - SELF_TEST_LAST), -1)]
        # Mail is written in the second half of the scenario.
        points += [(name, "power", "any", rng.randint(total // 2 if drop == "mail" else 1, total)) for _ in range(SELF_TEST_DRAWN)]
    return points


def self_test(rig):
    """Each kind of fsync taken away must be noticed."""
    red = True
    for drop in control.DROP:
        points = self_test_points(rig, drop)
        if not points:
            continue
        found = rig.run(points, (drop,), stop_at_first=True)
        if found:
            point, wrong, where = found[0]
            print(f"ok    {drop} fsync taken away: {':'.join(map(str, point))} finds it ({where}): {wrong[0].splitlines()[0]}")
        else:
            red = False
            print(f"FAIL  {drop} fsync taken away, and {len(points)} power cuts lost nothing")
    return red


def find_shim(trawl):
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(trawl))), "tests", "crash", "crash-shim.so")
    return os.environ.get("TRAWL_CRASH_SHIM") or beside


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog=__doc__.split("\n\n", 1)[1],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sample", type=int, metavar="N", help="N points (300)")
    what.add_argument("--all", action="store_true", help="every point")
    what.add_argument("--every", type=int, metavar="N", help="each N-th event")
    what.add_argument("--point", action="append", metavar="WORLD:MODE:OP:N", help="this point; may be repeated")
    what.add_argument("--self-test", action="store_true", help="take fsyncs away and see that loss is found")
    parser.add_argument("--trawl", default=harness.BINARY, help="the program under test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="points at once (2)")
    parser.add_argument("--threads", type=int, default=0, help="worker threads of the daemon")
    parser.add_argument("--worlds", default=",".join(WORLDS), help="of " + ", ".join(WORLDS))
    parser.add_argument("--modes", default=",".join(MODES), help="of " + ", ".join(MODES))
    parser.add_argument("--keep", metavar="DIR", help="copy there what a failed point leaves: data and mailboxes")
    parser.add_argument("--drop", default="", help="fsyncs to forget: " + ", ".join(control.DROP))
    parser.add_argument("--directory", default="/dev/shm", help="where the files are; a tmpfs is quick and never reuses inodes")
    options = parser.parse_args()
    harness.BINARY = os.path.abspath(options.trawl)
    options.shim = find_shim(options.trawl)
    options.worlds, options.modes = options.worlds.split(","), options.modes.split(",")
    options.drop = tuple(d for d in options.drop.split(",") if d)
    if options.point:
        options.point = [(w, m, op, int(n)) for w, m, op, n in (p.split(":") for p in options.point)]
        options.worlds = list(dict.fromkeys(p[0] for p in options.point))
    return options


def main():
    options = arguments()
    for file in (harness.BINARY, options.shim):
        if not os.path.exists(file):
            print(f"crash rig: skipped: there is no {file}")
            return 77
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was made is removed
    rig = Rig(options)
    try:
        rig.open()
        if options.self_test:
            return 0 if self_test(rig) else 1
        points = options.point or (rig.every(options.every or 1) if options.all or options.every else rig.sample(options.sample or 300))
        failures = rig.run(points, options.drop)
    finally:
        rig.close()
    print(f"crash rig: {len(points)} points, {len(failures)} failed, {time.monotonic() - started:.0f} s"
          f" ({', '.join(options.worlds)}; {', '.join(options.modes)}; seed {options.seed})")
    if failures:
        print("again: " + os.path.relpath(__file__) + "".join(f" --point {':'.join(map(str, point))}" for point, _, _ in failures[:20]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
