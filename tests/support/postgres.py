"""A real PostgreSQL for system tests, alone in a temporary directory.

    with Postgres() as postgres:
        trawl.start(database=postgres.uri)

It listens on a Unix socket of its own only, and dies with the process that started it. Started by root it
runs as nobody, because PostgreSQL refuses to run as root.
"""
import ctypes
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from urllib.parse import quote

PR_SET_PDEATHSIG = 1


class NotInstalled(Exception):
    """PostgreSQL is not on this machine: skip, loudly."""


def _program(name):
    newest = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    found = newest[0] if newest else shutil.which(name)
    if not found:
        raise NotInstalled("PostgreSQL is not installed (package postgresql)")
    return found


class Postgres:
    def __init__(self):
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        programs = [_program(name) for name in ("initdb", "postgres")]
        self.directory = tempfile.mkdtemp(prefix="trawl-postgres-")
        self.data = os.path.join(self.directory, "data")
        self._process = None
        if os.geteuid() == 0:
            os.chown(self.directory, self.account.pw_uid, self.account.pw_gid)
        os.chmod(self.directory, 0o755)
        self._initdb, self._postgres = programs
        self.uri = f"postgresql://trawl@/postgres?host={quote(self.directory, safe='')}"

    def _before_exec(self):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(self.account.pw_gid)
            os.setuid(self.account.pw_uid)

    def _server_before_exec(self):
        self._before_exec()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    def start(self):
        if not os.path.exists(self.data):
            subprocess.run([self._initdb, "-D", self.data, "-U", "trawl", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
                           check=True, cwd=self.directory, stdout=subprocess.DEVNULL, preexec_fn=self._before_exec)
        log = open(os.path.join(self.directory, "log"), "ab")
        with log:
            self._process = subprocess.Popen([self._postgres, "-D", self.data, "-k", self.directory, "-c", "listen_addresses=",
                                              "-c", "max_connections=60", "-c", "shared_buffers=32MB"], cwd=self.directory,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             preexec_fn=self._server_before_exec)
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process.poll() is None:
            ready = subprocess.run([_program("pg_isready"), "-q", "-h", self.directory], check=False).returncode == 0
            if ready:
                return self
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + self.log())

    def log(self):
        with open(os.path.join(self.directory, "log"), errors="replace") as file:
            return file.read()[-4000:]

    def stop(self):
        if self._process:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
            self._process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
