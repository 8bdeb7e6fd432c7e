"""A real Dovecot for system tests and benchmarks, alone in a temporary directory.

    with Dovecot(users=["alice@corp.example"]) as dovecot:
        dovecot.deliver("alice@corp.example", "INBOX", b"Subject: hi\r\n\r\n", flags="S")
        imaplib.IMAP4_SSL("127.0.0.1", dovecot.imaps_port, ssl_context=dovecot.ssl_context())

It listens on free loopback ports, with a certificate of its own authority for localhost, and with a
master user who reaches every mailbox ("alice@corp.example*trawl"). Started by root it runs as
nobody, because Dovecot refuses mail for root. It dies with the process that started it.
"""

import ctypes
import functools
import grp
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = "a user's password"  # every user's
MASTER, MASTER_PASSWORD = "trawl", "the master's password"
PR_SET_PDEATHSIG = 1


class NotInstalled(Exception):
    """Dovecot is not on this machine: skip, loudly."""


@functools.lru_cache
def _folder_directory(folder):
    if folder.upper() == "INBOX":
        return "."
    octets = subprocess.run(["iconv", "-f", "UTF-8", "-t", "UTF-7-IMAP"], check=True,
                            input=folder.encode(), stdout=subprocess.PIPE).stdout \
        if not folder.isascii() or "&" in folder else folder.encode()
    return "." + octets.decode().replace("/", ".")


class Dovecot:
    """extra: more configuration; separator, plugins and so on."""

    def __init__(self, users=(), extra="", directory=None):
        self.users, self.extra = [], extra
        self.master, self.master_password, self.password = MASTER, MASTER_PASSWORD, PASSWORD
        self.directory = directory or tempfile.mkdtemp(prefix="trawl-dovecot-")
        self._own_directory = directory is None
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.ca_file = os.path.join(self.directory, "ca.pem")
        self.host = "localhost"
        self._process = None
        self._counter = 0
        self.imap_port = self.imaps_port = self.lmtp_port = 0
        for name in ("run", "state", "mail"):
            os.makedirs(os.path.join(self.directory, name), exist_ok=True)
        self._make_certificate()
        self._write("users", "")
        self._write("masters", f"{MASTER}:{{PLAIN}}{MASTER_PASSWORD}::::::\n")
        for user in users:
            self.add_user(user)

    # starting and stopping

    def start(self):
        if not shutil.which("dovecot", path="/usr/sbin:/usr/bin:/sbin:/bin"):
            raise NotInstalled("dovecot is not installed (package dovecot-imapd)")
        self._own_all()
        for _ in range(5):  # a port may be taken between choosing and listening
            self._choose_ports()
            self._write_config()
            self._process = subprocess.Popen(
                [shutil.which("dovecot", path="/usr/sbin:/usr/bin"), "-F", "-c",
                 os.path.join(self.directory, "dovecot.conf")],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                preexec_fn=self._before_exec)
            if self._wait_ready():
                return self
            self.stop()
        raise RuntimeError("dovecot did not start:\n" + self.log())

    def drop_sessions(self):
        """Ends every IMAP session at once and waits until its process is gone."""
        def sessions():
            found = subprocess.run(["pgrep", "-P", str(self._process.pid), "-x", "imap"], capture_output=True, text=True,
                                   check=False)
            return [int(pid) for pid in found.stdout.split()]
        while pids := sessions():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def stop(self):
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self):
        """As if the power of its machine failed."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def close(self):
        self.stop()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def log(self):
        try:
            with open(os.path.join(self.directory, "dovecot.log"), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return "(no log)"

    def ssl_context(self):
        return ssl.create_default_context(cafile=self.ca_file)

    # mailboxes

    def add_user(self, address):
        """A mailbox with an empty INBOX. While it runs this takes a second, so name users at the
        start where there are many."""
        self.users.append(address)
        with open(os.path.join(self.directory, "users"), "a") as file:
            file.write(f"{address}:{{PLAIN}}{PASSWORD}::::::\n")
        if self._process:
            time.sleep(1.1)  # it looks at the file at most once a second
        self._make_maildir(self.maildir(address))

    def maildir(self, mailbox):
        """The Maildir of a mailbox on disk."""
        return os.path.join(self.directory, "mail", mailbox, "Maildir")

    def path_pattern(self):
        """The same mailboxes for Trawl's kind maildir."""
        return os.path.join(self.directory, "mail", "%u", "Maildir")

    def folder_path(self, mailbox, folder):
        return os.path.normpath(os.path.join(self.maildir(mailbox), _folder_directory(folder)))

    def deliver(self, mailbox, folder, message, flags="", internaldate=None):
        """Puts a file where Dovecot finds it; flags are Maildir letters ("FS"), internaldate is
        seconds since 1970. Returns the unique part of its name."""
        path = self.folder_path(mailbox, folder)
        if not os.path.isdir(os.path.join(path, "cur")):
            self._make_maildir(path)
        self._counter += 1
        name = f"{int(time.time())}.M{self._counter}P{os.getpid()}Q{id(self) % 99991}.test"
        tmp = os.path.join(path, "tmp", name)
        with open(tmp, "wb") as file:
            file.write(message)
        if internaldate is not None:
            os.utime(tmp, (internaldate, internaldate))
        self._own(tmp)
        os.rename(tmp, os.path.join(path, "cur", f"{name}:2,{flags}") if flags
                  else os.path.join(path, "new", name))
        return name

    def messages(self, mailbox, folder="INBOX"):
        """[(file name, octets)] of a folder, as on disk."""
        found = []
        for part in ("new", "cur"):
            directory = os.path.join(self.folder_path(mailbox, folder), part)
            for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
                with open(os.path.join(directory, name), "rb") as file:
                    found.append((name, file.read()))
        return found

    # inside

    def _write(self, name, text):
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(text)

    def _own(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _own_all(self):
        os.chmod(self.directory, 0o755)
        for root, _, files in os.walk(self.directory):
            self._own(root)
            for name in files:
                self._own(os.path.join(root, name))

    def _make_maildir(self, path):
        for part in ("", "tmp", "new", "cur"):
            os.makedirs(os.path.join(path, part), exist_ok=True)
        while len(path) > len(self.directory):
            for part in ("tmp", "new", "cur", ""):
                if os.path.isdir(os.path.join(path, part)):
                    self._own(os.path.join(path, part))
            path = os.path.dirname(path)

    def _make_certificate(self):
        subprocess.run([os.path.join(HERE, "make-certificates"), self.directory], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _choose_ports(self):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.imap_port, self.imaps_port, self.lmtp_port = (s.getsockname()[1] for s in sockets)
        for one in sockets:
            one.close()

    def _write_config(self):
        with open(os.path.join(HERE, "dovecot.conf")) as file:
            text = file.read()
        for name, value in (("DIR", self.directory), ("USER", self.account.pw_name),
                            ("GROUP", grp.getgrgid(self.account.pw_gid).gr_name),
                            ("IMAP", self.imap_port), ("IMAPS", self.imaps_port),
                            ("LMTP", self.lmtp_port), ("EXTRA", self.extra)):
            text = text.replace(f"@{name}@", str(value))
        self._write("dovecot.conf", text)

    def _before_exec(self):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(self.account.pw_gid)
            os.setuid(self.account.pw_uid)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    def _wait_ready(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.imap_port), 5) as one:
                    if one.recv(16).startswith(b"* OK"):
                        return True
            except OSError:
                time.sleep(0.02)
        return False
