#!/usr/bin/env python3
"""The peer of bench_reports: the least that a plain script must do with a folder of reports.

imaplib, email, sqlite3 and nothing else. It fetches each report, keeps its bytes durably, reads it, finds
the original in the reporter's mailbox, and commits a report, an alert a recipient and an incident. It has no
sandbox, no limits, no audit, no retries and one thread.
"""
import email
import email.policy
import email.utils
import hashlib
import imaplib
import os
import sqlite3
import ssl
import sys
import time

SCHEMA = """
CREATE TABLE report (uid INTEGER PRIMARY KEY, sha256 TEXT, reporter TEXT, located INTEGER);
CREATE TABLE incident (id INTEGER PRIMARY KEY, link_key TEXT UNIQUE, title TEXT);
CREATE TABLE alert (incident_id INTEGER, recipient TEXT, uid INTEGER, UNIQUE (incident_id, recipient));
"""


def original_of(message):
    """(Message-ID, subject, recipients) of the attached message, or of what In-Reply-To names."""
    for part in message.walk():
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0)
            people = email.utils.getaddresses(inner.get_all("To", []) + inner.get_all("Cc", []))
            return (inner["Message-ID"] or "").strip(), str(inner["Subject"]), [a for _, a in people]
    return (message["In-Reply-To"] or "").strip(), str(message["Subject"]), []


class Script:
    def __init__(self, host, port, ca_file, login, password, mailbox, directory):
        self.context = ssl.create_default_context(cafile=ca_file)
        self.address, self.login, self.password = (host, port), login, password
        self.directory, self.mailbox, self.connections = directory, mailbox, {}
        self.database = sqlite3.connect(os.path.join(directory, "peer.db"))
        self.database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + SCHEMA)

    def connection(self, mailbox):
        if mailbox not in self.connections:
            connection = imaplib.IMAP4_SSL(*self.address, ssl_context=self.context)
            connection.login(self.login(mailbox), self.password)
            connection.select("INBOX", readonly=True)
            self.connections[mailbox] = connection
        return self.connections[mailbox]

    def keep(self, raw):
        name = hashlib.sha256(raw).hexdigest()
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self.directory, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return name

    def handle(self, uid, raw):
        name = self.keep(raw)
        message = email.message_from_bytes(raw)
        reporter = email.utils.parseaddr(message["From"])[1]
        message_id, title, recipients = original_of(message)
        found = self.connection(reporter).uid("SEARCH", None, "HEADER", "Message-ID", f'"{message_id}"')[1][0].split()
        with self.database as db:
            db.execute("INSERT INTO report VALUES (?, ?, ?, ?)", (uid, name, reporter, len(found)))
            db.execute("INSERT INTO incident (link_key, title) VALUES (?, ?) ON CONFLICT DO NOTHING", (message_id, title))
            incident = db.execute("SELECT id FROM incident WHERE link_key = ?", (message_id,)).fetchone()[0]
            for recipient in recipients if found else [reporter]:
                db.execute("INSERT INTO alert VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (incident, recipient, uid))

    def run(self):
        """How many reports were handled, and in what time."""
        begun, source = time.monotonic(), self.connection(self.mailbox)
        uids = source.uid("SEARCH", None, "ALL")[1][0].split()
        for uid in uids:
            self.handle(int(uid), source.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1])
        return len(uids), time.monotonic() - begun

    def close(self):
        for connection in self.connections.values():
            connection.logout()
        self.database.close()


if __name__ == "__main__":
    sys.exit("bench_reports.py runs this")
