#!/usr/bin/env python3
"""Reports a second, from a Dovecot folder to committed incidents, beside the rate at which the same messages
can be fetched at all, and beside a plain Python script that does the least of the same."""
import shutil
import socket
import ssl
import sys
import tempfile
import time

import bench
import peer_reports
from bench import harness
from harness import demo

CAMPAIGN_EVERY = 10  # so many reports a campaign


def build(server, count):
    """@count reports in the abuse mailbox, ten a campaign, and each campaign in the mailboxes of its recipients."""
    organisation = demo.Organisation(people=40, ordinary=0)
    people = [p.address for p in organisation.people]
    for number in range(count // CAMPAIGN_EVERY):
        to = [people[(number * 7 + i) % len(people)] for i in range(CAMPAIGN_EVERY)]
        key = ("payroll", "password", "parcel", "sign")[number % 4]
        campaign = organisation._campaign(f"bench-{number}", key, to)
        for address in to:
            copy = campaign.copies[address]
            server.deliver(address, "INBOX", copy.raw, copy.flags, copy.received)
            who = next(p for p in organisation.people if p.address == address)
            report = organisation._wrap(who, "Fwd: " + campaign.subject, organisation._attach(who, [copy.raw]))
            server.deliver(demo.ABUSE, "INBOX", report)
    return organisation


def raw_rate(server):
    """Messages a second when one connection fetches all of them with one command and throws them away."""
    connection = server.ssl_context().wrap_socket(socket.create_connection(("localhost", server.imaps_port)),
                                                  server_hostname="localhost")
    connection.sendall(f'a LOGIN "{demo.ABUSE}*{server.master}" "{server.master_password}"\r\nb EXAMINE INBOX\r\n'.encode())
    wait_for(connection, b"b OK")
    begun = time.monotonic()
    connection.sendall(b"c UID FETCH 1:* (UID BODY.PEEK[])\r\n")
    size = wait_for(connection, b"c OK")
    seconds = time.monotonic() - begun
    connection.close()
    return seconds, size


def wait_for(connection, tag):
    """Reads until the tagged answer; how many bytes came."""
    size, tail = 0, b""
    while True:
        data = connection.recv(1 << 16)
        if not data:
            raise ssl.SSLError("the server closed the connection")
        size += len(data)
        tail = (tail + data)[-4096:]
        if b"\r\n" + tag in tail:
            return size


def trawl_rate(server, count):
    trawl = harness.Trawl()
    try:
        trawl.start()
        row = harness.add_dovecot_server(trawl, server, connections=48)  # the script has as many
        begun, used = time.monotonic(), bench.cpu_seconds(trawl.pids())
        trawl.add_source(row)

        def finished():
            newest = trawl.api.get("/reports", limit=1)["items"]
            return newest and newest[0]["id"] >= count and not trawl.api.get("/reports", state="new", limit=1)["items"]
        trawl.wait_for(finished, 1800, f"{count} reports", every=0.1)
        seconds, used = time.monotonic() - begun, bench.cpu_seconds(trawl.pids()) - used
        incidents = len(trawl.incidents())
        done = len(trawl.reports(state="done"))
        return seconds, used, done, incidents
    finally:
        trawl.remove()


def peer_rate(server):
    directory = tempfile.mkdtemp(prefix="trawl-peer-")
    script = peer_reports.Script("localhost", server.imaps_port, server.ca_file, lambda box: f"{box}*{server.master}",
                                 server.master_password, demo.ABUSE, directory)
    try:
        count, seconds = script.run()
        return seconds, count
    finally:
        script.close()
        shutil.rmtree(directory)


def main():
    count = 500 if bench.QUICK else 5000
    import dovecot
    people = demo.Organisation(people=40, ordinary=0).mailboxes
    try:
        server = dovecot.Dovecot(users=people).start()
    except dovecot.NotInstalled as error:
        print(f"skipped: {error}")
        return 77
    try:
        build(server, count)
        raw_rate(server)  # makes Dovecot's indexes: nobody pays for that in what is measured
        raw_seconds, size = raw_rate(server)
        seconds, used, done, incidents = trawl_rate(server, count)
        peer_seconds, peer_count = peer_rate(server)
    finally:
        server.close()
    table = bench.Table(f"{count} reports ({size / count / 1024:.1f} KiB each) from a Dovecot folder to committed incidents")
    ours, raw, peer = done / seconds, count / raw_seconds, peer_count / peer_seconds
    table.add("raw fetch, one connection, one command", f"{raw:.0f} /s")
    table.add("plain Python script", f"{peer:.0f} /s")
    table.add("Trawl", f"{ours:.0f} /s")
    table.add("  processor time of Trawl's processes", f"{1000 * used / count:.2f} ms a report")
    table.add("  beside the raw fetch", f"{100 * ours / raw:.0f} %", "at least 50 %", ours >= raw / 2)
    table.add("  beside the script", f"{ours / peer:.1f} ×", "at least 5 ×", ours >= 5 * peer)
    table.add("  reports done, incidents made", f"{done}, {incidents}", f"{count}, {count // CAMPAIGN_EVERY}",
              (done, incidents) == (count, count // CAMPAIGN_EVERY))
    table.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
