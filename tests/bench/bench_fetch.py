#!/usr/bin/env python3
"""Messages a second listed and fetched from one Dovecot folder: Trawl's IMAP beside Python's imaplib."""
import imaplib
import os
import subprocess
import sys
import time

import bench
import dovecot

MAILBOX = "abuse@corp.example"
BATCH = 500  # messages of one FETCH, as Trawl asks for them


def fill(server, count):
    text = b"It is about your account. Please act at once, or it will be closed.\n" * 60
    for number in range(count):
        server.deliver(MAILBOX, "INBOX", b"From: a@corp.example\nSubject: report %d\n"
                       b"Message-ID: <%d@corp.example>\n\n" % (number, number) + text[:number % len(text)])


def with_imaplib(server):
    begun = time.monotonic()
    client = imaplib.IMAP4_SSL("localhost", server.imaps_port, ssl_context=server.ssl_context())
    client.login(f"{MAILBOX}*{server.master}", server.master_password)
    client.select("INBOX", readonly=True)
    uids = client.uid("SEARCH", "ALL")[1][0].split()
    size = count = 0
    for at in range(0, len(uids), BATCH):
        chunk = b",".join(uids[at:at + BATCH]).decode()
        for part in client.uid("FETCH", chunk, "(UID BODY.PEEK[])")[1]:
            if isinstance(part, tuple):
                count, size = count + 1, size + len(part[1])
    client.logout()
    return count, size, time.monotonic() - begun


def with_trawl(server):
    build = os.path.dirname(os.path.dirname(os.environ["TRAWL_BINARY"]))
    program = os.path.join("tests", "bench", "bench-fetch")
    subprocess.run(["ninja", "-C", build, program], check=True, stdout=subprocess.DEVNULL)
    out = subprocess.run([os.path.join(build, program), str(server.imaps_port), server.ca_file, server.master,
                          server.master_password, MAILBOX], check=True, stdout=subprocess.PIPE).stdout.split()
    return int(out[0]), int(out[1]), float(out[2])


def main():
    total = 500 if bench.QUICK else 5000
    try:
        server = dovecot.Dovecot(users=[MAILBOX]).start()
    except dovecot.NotInstalled as error:
        print(f"skipped: {error}")
        return 77
    try:
        fill(server, total)
        with_imaplib(server)  # makes Dovecot's index, which neither shall pay for
        rows = [(name, min((run(server) for _ in range(3)), key=lambda row: row[2]))
                for name, run in (("imaplib", with_imaplib), ("Trawl", with_trawl))]
    finally:
        server.close()
    table = bench.Table(f"Listing and fetching {total} messages from a folder of Dovecot (best of three)")
    (_, plain), (_, own) = rows
    for name, (count, size, seconds) in rows:
        table.add(name, f"{count / seconds:.0f} /s", f"{size / seconds / 1e6:.1f} MB/s")
    table.add("same messages and octets", "yes" if plain[:2] == own[:2] else "NO", "yes", plain[:2] == own[:2])
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
