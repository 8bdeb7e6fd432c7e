"""What system tests stand on: a real `trawl serve`, mailboxes that it works on, and ways to look.

A test makes a Trawl and a place for mail (Maildirs, or the Dovecot of tests/support), and everything it
started or wrote is gone after it, also when it failed. TRAWL_BINARY names the program under test.
"""
import contextlib
import ctypes
import hashlib
import http.client
import imaplib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from urllib.parse import urlencode

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "support"), os.path.join(ROOT, "tools", "demo")]
import organisation as demo  # noqa: E402

# Orphans come to us, to be waited for, and not to a process 1 that may take its time.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

BINARY = os.environ.get("TRAWL_BINARY") or os.path.join(ROOT, "build", "src", "trawl")


class ApiError(Exception):
    """A problem+json answer."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail') or problem}")
        self.status, self.problem, self.code = status, problem, problem.get("code")


class Api:
    """REST with one kept connection. Paths are below /v1."""

    def __init__(self, url, key):
        self.url = url
        self.host = url.split("//", 1)[1].rstrip("/")
        self.key = key
        self.connection = None

    def request(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, document or text). A connection that the server has closed meanwhile is made anew, once,
        and only for requests that may be repeated."""
        send = {"Authorization": "Bearer " + self.key, **(headers or {})}
        send = {name: value for name, value in send.items() if value is not None}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            send["Content-Type"] = "application/json"
        path = path if path.startswith("/metrics") else "/v1" + path
        again = self.connection is not None and (method == "GET" or "Idempotency-Key" in send)
        try:
            return self._once(method, path, data, send, timeout)
        except (ConnectionError, http.client.HTTPException, OSError):
            self.close()
            if not again:
                raise
            return self._once(method, path, data, send, timeout)

    def _once(self, method, path, data, headers, timeout):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, timeout=timeout)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.request(method, path, data, headers)
        response = self.connection.getresponse()
        text = response.read()
        if "json" in (response.getheader("Content-Type") or ""):
            text = json.loads(text)
        return response.status, response.headers, text

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def call(self, method, path, body=None, headers=None, timeout=30):
        status, _, document = self.request(method, path, body, headers, timeout)
        if status >= 400:
            raise ApiError(status, document if isinstance(document, dict) else {"detail": str(document)})
        return document

    def get(self, path, **query):
        return self.call("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path, body=None, key=None):
        """@key: an idempotency key; a fresh one otherwise, so that a lost answer may be asked for again."""
        return self.call("POST", path, body if body is not None else {}, {"Idempotency-Key": key or str(uuid.uuid4())})

    def patch(self, path, body):
        revision = self.get(path)["revision"]
        return self.call("PATCH", path, body, {"If-Match": f'"{revision}"'})

    def all(self, path, **query):
        """Every item of a paged list."""
        items = []
        query.setdefault("limit", 500)
        while True:
            page = self.get(path, **query)
            items += page["items"]
            if not page.get("next"):
                return items
            query["cursor"] = page["next"]


class Trawl:
    """A `trawl serve` of its own on a free port, with a data directory of its own."""

    def __init__(self, data=None, database=None, arguments=(), environment=None, wrap=()):
        self.own = data is None
        self.data = data or tempfile.mkdtemp(prefix="trawl-test-")
        self.database = database
        self.arguments = list(arguments)
        self.environment = environment or {}
        self.wrap = list(wrap)  # a program to run it under
        self.process = None
        self.api = None
        self.log_path = os.path.join(self.data, "serve.log")

    # -- life --

    def start(self, wait=True, timeout=20, listen="127.0.0.1:0"):
        address = os.path.join(self.data, "run", "address")
        if os.path.exists(address):
            os.unlink(address)
        # setpriv: it ends when this process does, in whichever way
        command = self.wrap + ["setpriv", "--pdeathsig", "TERM", "--", BINARY, "serve", "--data", self.data, "--listen", listen] + self.arguments
        if self.database:
            command += ["--database", self.database]
        environment = dict(os.environ, G_DEBUG="fatal-criticals", **self.environment)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                            start_new_session=True)
        if wait:
            self.wait_until_serving(timeout)
        return self

    def wait_until_serving(self, timeout=20):
        address, until = os.path.join(self.data, "run", "address"), time.monotonic() + timeout
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"trawl serve ended with status {self.process.returncode}\n{self.log()}")
            try:
                with open(address) as file:
                    url = file.read().strip()
                with open(os.path.join(self.data, "admin.key")) as file:
                    self.api = Api(url, file.read().strip())
                self.api.request("GET", "/health")
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"trawl serve is not serving after {timeout} s\n{self.log()}")

    def stop(self, timeout=15):
        """SIGTERM; how many seconds it took. A daemon that does not stop is killed, and that is an error."""
        if not self.process:
            return 0.0
        started = time.monotonic()
        if self.api:
            self.api.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"trawl serve did not stop within {timeout} s\n{self.log()}") from None
        self.wait_until_gone()
        self.process = None
        if status != 0:
            raise RuntimeError(f"trawl serve stopped with status {status}\n{self.log()}")
        return time.monotonic() - started

    def kill(self):
        """SIGKILL to all of it at once."""
        if not self.process:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.wait_until_gone()
        self.process = None
        if self.api:
            self.api.close()

    def wait_until_gone(self):
        """Until no process of the group is left: the roles, orphaned, are our children now."""
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-self.process.pid, 0)

    def restart(self):
        self.stop()
        return self.start()

    def remove(self):
        """Ends it in any way and forgets all it kept."""
        try:
            self.kill()
        finally:
            if self.own:
                shutil.rmtree(self.data, ignore_errors=True)

    def pids(self):
        return [int(pid) for pid in subprocess.run(["pgrep", "-g", str(self.process.pid)], capture_output=True, text=True,
                                                   check=False).stdout.split()]

    def processes(self):
        """{role: pid}, "serve" for the supervisor; of several in one role the first."""
        found = {"serve": self.process.pid}
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/comm") as file:
                if pid != self.process.pid:
                    found.setdefault(file.read().strip(), pid)
        return found

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()[-8000:]

    # -- looking --

    def wait_for(self, condition, seconds=30, what="", every=0.02):
        """Until @condition() is true; its value comes back. The daemon's log is in the error."""
        until = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if self.process and self.process.poll() is not None:
                raise AssertionError(f"trawl serve ended while waiting for {what}\n{self.log()}")
            if time.monotonic() > until:
                raise AssertionError(f"{what or 'the condition'} did not come within {seconds} s\n{self.log()}")
            time.sleep(every)

    def cli(self, *arguments, status=0, stdin=None):
        """Runs a command of the CLI on this data directory; its standard output."""
        environment = dict(os.environ, G_DEBUG="fatal-criticals")
        result = subprocess.run([BINARY, *arguments, "--data", self.data], capture_output=True, text=True, env=environment,
                                input=stdin, timeout=120, check=False)
        if status is not None and result.returncode != status:
            raise AssertionError(f"trawl {' '.join(arguments)}: status {result.returncode}, expected {status}\n{result.stdout}"
                                 f"{result.stderr}")
        return result.stdout

    def check(self, mailboxes=True):
        """`trawl check` finds nothing wrong."""
        return self.cli("check", *(["--mailboxes"] if mailboxes else []),
                        *(["--database", self.database] if self.database else []))

    # -- doing --

    def add_maildir_server(self, root, name="mail", **config):
        return self.api.post("/mail-servers", {"name": name, "kind": "maildir", "config": {
            "path": os.path.join(root, demo.MAILDIR_PATTERN), "quarantine_mailbox": demo.QUARANTINE,
            "quarantine_folder": "Quarantine", "domains": [demo.DOMAIN], **config}})

    def add_source(self, server, name="abuse", mailbox=demo.ABUSE, post_process="none", folder="INBOX", **more):
        body = {"name": name, "type": "abuse_mailbox_monitor", "mail_server_id": server["id"], "mailbox": mailbox,
                "folder": folder, "post_process": post_process, "polling_interval": 1, "link_events": True,
                "accepted_domains": [demo.DOMAIN], "trusted_hosts": [demo.MX + "/below"], **more}
        if post_process == "move":
            body.setdefault("destination_folder", "Processed")
        return self.api.post("/sources", body)

    def poll_now(self, source):
        return self.api.post(f"/sources/{source['id']}/poll")

    def reports(self, **query):
        return self.api.all("/reports", **query)

    def incidents(self, **query):
        return self.api.all("/incidents", **query)

    def incident_of(self, campaign):
        """The incident of a campaign, by its Message-ID."""
        found = [i for i in self.incidents() if i["link_key"] == campaign.link_key]
        return found[0] if found else None

    def wait_for_reports(self, count, seconds=60):
        """Until @count reports are there and none of them is new or waits for its post-process."""
        def settled():
            reports = self.reports()
            return reports if len(reports) >= count and not any(
                r["state"] == "new" or r["post_process"] == "pending" for r in reports) else None
        return self.wait_for(settled, seconds, f"{count} reports")

    def wait_until_idle(self, seconds=60):
        """Until nothing is running or due but the sources' next polls."""
        def idle():
            live = self.api.all("/jobs", state="running") + self.api.all("/jobs", state="ready")
            return not [j for j in live if j["kind"] != "source.poll" or j["state"] == "running"]
        self.wait_for(idle, seconds, "an empty queue")

    def respond(self, incident, kind="quarantine", seconds=60, **more):
        """Asks for a response and waits until it is done: (response, ledger)."""
        response = self.api.post(f"/incidents/{incident['id']}/responses", {"kind": kind, **more})
        return self.wait_for_response(response, seconds)

    def wait_for_response(self, response, seconds=60):
        path = f"/responses/{response['id']}"

        def done():
            row = self.api.get(path)
            return row if row["state"] in ("done", "cancelled") else None
        row = self.wait_for(done, seconds, f"response {response['id']}")
        return row, self.api.all(path + "/results")


# ---- mailboxes, seen from outside -----------------------------------------------------------------

def normal(raw):
    """Bytes of a message with the line ends of a Maildir."""
    return raw.replace(b"\r\n", b"\n")


def maildir_messages(path):
    """Every message of one Maildir and its folders: (folder, flags, mtime, bytes, file)."""
    found = []
    if not os.path.isdir(path):
        return found
    folders = {"INBOX": path}
    for entry in os.scandir(path):
        if entry.name.startswith(".") and entry.name not in (".", "..") and os.path.isdir(os.path.join(entry.path, "cur")):
            folders[entry.name[1:]] = entry.path
    for folder, directory in folders.items():
        for sub in ("cur", "new"):
            place = os.path.join(directory, sub)
            for entry in os.scandir(place) if os.path.isdir(place) else ():
                flags = entry.name.rsplit(":2,", 1)[1] if ":2," in entry.name else ""
                with open(entry.path, "rb") as file:
                    found.append((folder, "".join(sorted(flags)), int(entry.stat().st_mtime), normal(file.read()), entry.path))
    return found


def seen(folder, flags, date, raw):
    """A message as snapshots show it: the bytes by their hash, with the subject so that a person knows it again."""
    subject = next((line for line in raw.split(b"\n") if line.lower().startswith(b"subject:")), b"no subject")
    return folder, flags, date, f"{hashlib.sha256(raw).hexdigest()[:20]} {subject.decode(errors='replace')}"


class Mail:
    """An organisation's mailboxes as Maildirs in a directory of their own."""

    def __init__(self, organisation, mailboxes=()):
        self.organisation = organisation
        self.mailboxes = organisation.mailboxes + list(mailboxes)
        self.root = tempfile.mkdtemp(prefix="trawl-mail-")
        for mailbox in self.mailboxes:
            demo.maildir_make(self.root, mailbox)
        self.deliver(*organisation.mails)

    def deliver(self, *mails):
        """Reports or deliveries."""
        for mail in mails:
            demo.maildir_deliver(self.root, getattr(mail, "delivery", mail))

    def maildir(self, mailbox):
        return demo.maildir_path(self.root, mailbox)

    def add_server(self, trawl, name="mail", **config):
        return trawl.add_maildir_server(self.root, name, **config)

    def messages(self, mailbox):
        return maildir_messages(self.maildir(mailbox))

    def snapshot(self, mailboxes=None):
        """{mailbox: sorted [(folder, flags, date, digest)]}: what must be the same before and after an undo."""
        return {m: sorted(seen(*x[:4]) for x in self.messages(m)) for m in mailboxes or self.mailboxes}

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


def add_dovecot_server(trawl, dovecot, name="mail", **config):
    return trawl.api.post("/mail-servers", {"name": name, "kind": "imap", "secret": {"password": dovecot.master_password},
                                            "config": {
        "host": dovecot.host, "port": dovecot.imaps_port, "ca_file": dovecot.ca_file, "login": "master",
        "master_user": dovecot.master, "quarantine_mailbox": demo.QUARANTINE, "quarantine_folder": "Quarantine",
        "domains": [demo.DOMAIN], **config}})


IMAP_LETTERS = {"\\Seen": "S", "\\Flagged": "F", "\\Answered": "R", "\\Draft": "D", "\\Deleted": "T", "\\Recent": ""}


def imap_messages(dovecot, mailbox):
    """What maildir_messages() gives, as a mail program sees it: files of expunged messages may still be about on disk."""
    import dovecot as module
    connection = imaplib.IMAP4_SSL(dovecot.host, dovecot.imaps_port, ssl_context=dovecot.ssl_context())
    found = []
    try:
        connection.login(f"{mailbox}*{module.MASTER}", module.MASTER_PASSWORD)
        for line in connection.list()[1]:
            folder = line.decode().rsplit(' "/" ', 1)[-1].rsplit(' "." ', 1)[-1].strip('"')
            if connection.select(f'"{folder}"', readonly=True)[1] == [b"0"]:
                continue
            for part in connection.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]:
                if isinstance(part, tuple):
                    flags = imaplib.ParseFlags(part[0])
                    letters = "".join(sorted(IMAP_LETTERS.get(f.decode(), f" {f.decode()} ") for f in flags))
                    date = int(time.mktime(imaplib.Internaldate2tuple(part[0])))
                    found.append((folder, letters, date, normal(part[1]), ""))
    finally:
        connection.logout()
    return found


class DovecotMail(Mail):
    """The same mailboxes on a Dovecot of their own, reached by its master user."""

    def __init__(self, organisation, mailboxes=(), **options):
        import dovecot
        self.organisation = organisation
        self.mailboxes = organisation.mailboxes + list(mailboxes)
        try:
            self.dovecot = dovecot.Dovecot(users=self.mailboxes, **options).start()
        except dovecot.NotInstalled as error:
            raise unittest.SkipTest(f"skipped: {error}") from None
        self.deliver(*organisation.mails)

    def deliver(self, *mails):
        for mail in mails:
            mail = getattr(mail, "delivery", mail)
            self.dovecot.deliver(mail.mailbox, mail.folder, mail.raw, mail.flags, mail.received)

    def maildir(self, mailbox):
        return self.dovecot.maildir(mailbox)

    def add_server(self, trawl, name="mail", **config):
        return add_dovecot_server(trawl, self.dovecot, name, **config)

    def messages(self, mailbox):
        return imap_messages(self.dovecot, mailbox)

    def remove(self):
        self.dovecot.close()


class SystemTest(unittest.TestCase):
    """A test of the whole daemon. What it makes through these is removed after it."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not os.access(BINARY, os.X_OK):
            raise unittest.SkipTest(f"skipped: no program at {BINARY}")

    def trawl(self, **options):
        trawl = Trawl(**options)
        self.addCleanup(trawl.remove)
        return trawl.start()

    def mail(self, organisation, kind=Mail, **options):
        mail = kind(organisation, **options)
        self.addCleanup(mail.remove)
        return mail
