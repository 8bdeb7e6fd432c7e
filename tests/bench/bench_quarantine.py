#!/usr/bin/env python3
"""Copies a second pulled out of the mailboxes of a Dovecot and put back, beside a plain client that does the
fewest IMAP round trips in which the same can be done."""
import sys
import time

import bench
import peer_quarantine
from bench import harness
from harness import demo

ABUSE, QUARANTINE, DOMAIN = demo.ABUSE, demo.QUARANTINE, demo.DOMAIN
MESSAGE_ID = "wave-1@attacker.example"
LANE = 8  # copies of one mail server that Trawl works on at once


def original(people):
    to = ",\n ".join(people)
    return (f"From: IT Service <it@attacker.example>\nTo: {to}\nSubject: Your mailbox is full\n"
            f"Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <{MESSAGE_ID}>\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\n\nLog in at http://attacker.example/login to keep your mail.\n"
            + "Thank you for your understanding.\n" * 60)


def build(server, people):
    """Everybody has the message among other mail in two folders; one reports it."""
    message = original(people)
    for number, address in enumerate(people):
        for other in range(3):
            mail = f"From: a@{DOMAIN}\nSubject: mail {other}\nMessage-ID: <{number}.{other}@{DOMAIN}>\n\nhello\n"
            server.deliver(address, "INBOX" if other else "Archive", mail.encode(), "S")
        copy = f"Delivered-To: {address}\nReceived: by mx.{DOMAIN} for <{address}>\n" + message
        server.deliver(address, "INBOX", copy.encode(), "FS" if number % 2 else "", 1795000000 + number)
    indented = message.encode()
    report = (f"From: {people[0]}\nTo: {ABUSE}\nSubject: Fwd: Your mailbox is full\nMessage-ID: <report-1@{DOMAIN}>\n"
              "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nphish?\n"
              "--b\nContent-Type: message/rfc822\n\n").encode() + indented + b"\n--b--\n"
    server.deliver(ABUSE, "INBOX", report)


def contents(server, people):
    """What is in all INBOXes: flags, date and bytes, whatever the files are called."""
    def row(found):
        return tuple(found[:4])
    return [sorted(row(m) for m in harness.maildir_messages(server.maildir(address))) for address in people]


def settle(trawl, response):
    begun, used = time.monotonic(), bench.cpu_seconds(trawl.pids())
    row, _ = trawl.wait_for_response(trawl.api.post(f"/incidents/{response[0]}/responses", response[1]), 1800)
    return time.monotonic() - begun, bench.cpu_seconds(trawl.pids()) - used, row


def trawl_rate(server, people):
    trawl = harness.Trawl()
    try:
        trawl.start()
        row = harness.add_dovecot_server(trawl, server, quarantine_folder="Pulled")
        trawl.add_source(row, accepted_domains=[DOMAIN])
        incident = trawl.wait_for(lambda: (trawl.incidents() or [None])[0], 120, "the incident")
        trawl.wait_until_idle(120)
        before = contents(server, people)
        pulled, pull_cpu, there = settle(trawl, (incident["id"], {"kind": "quarantine"}))
        away = sum(len(mailbox) for mailbox in contents(server, people))
        restored, back_cpu, back = settle(trawl, (incident["id"], {"kind": "restore"}))
        same = contents(server, people) == before
        trawl.check(mailboxes=False)
        return pulled, pull_cpu, there["counts"], away, restored, back_cpu, back["counts"], same
    finally:
        trawl.remove()


def main():
    count = 200 if bench.QUICK else 2000
    import dovecot
    people = [f"person{i}@{DOMAIN}" for i in range(count)]
    try:
        server = dovecot.Dovecot(users=people + [ABUSE, QUARANTINE]).start()
    except dovecot.NotInstalled as error:
        print(f"skipped: {error}")
        return 77
    try:
        build(server, people)
        plain = {"port": server.imaps_port, "ca_file": server.ca_file, "master": server.master,
                 "password": server.master_password, "quarantine": QUARANTINE}
        peer_quarantine.run(plain, people, MESSAGE_ID, LANE)  # makes Dovecot's indexes, which nobody shall pay for
        peer_there, peer_back = peer_quarantine.run(plain, people, MESSAGE_ID, LANE)
        pulled, pull_cpu, there, away, restored, back_cpu, back, same = trawl_rate(server, people)
    finally:
        server.close()
    table = bench.Table(f"{count} copies pulled out of {count} mailboxes of a Dovecot, and put back")
    table.add("pulled: the fewest round trips", f"{count / peer_there[0]:.0f} /s", f"{peer_there[1] / count:.1f} a copy")
    table.add("pulled: Trawl", f"{count / pulled:.0f} /s", f"{1000 * pull_cpu / count:.1f} ms of processor a copy")
    table.add("  beside the fewest round trips", f"{pulled / peer_there[0]:.2f} × the time", "at most 1.5 ×",
              pulled <= 1.5 * peer_there[0])
    table.add("put back: the fewest round trips", f"{count / peer_back[0]:.0f} /s", f"{peer_back[1] / count:.1f} a copy")
    table.add("put back: Trawl", f"{count / restored:.0f} /s", f"{1000 * back_cpu / count:.1f} ms of processor a copy")
    table.add("  beside the fewest round trips", f"{restored / peer_back[0]:.2f} × the time", "at most 1.5 ×",
              restored <= 1.5 * peer_back[0])
    table.add("pulled, put back", f"{there.get('success')}, {back.get('success')}", f"{count}, {count}",
              (there, back) == ({"success": count}, {"success": count}) and away == 3 * count)
    table.add("bytes, folders, flags and dates as before", "yes" if same else "NO", "yes", same)
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
