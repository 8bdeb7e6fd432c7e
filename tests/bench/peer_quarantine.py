#!/usr/bin/env python3
"""The peer of bench_quarantine: the fewest IMAP round trips in which a copy can be pulled and put back.

Several processes, each with one connection to the quarantine and one login a mailbox. A flight of commands
that need not wait for each other counts as one round trip. It keeps what it must know in memory: no store,
no proof that it is the right message but the Message-ID, no crash it would survive.
"""
import multiprocessing
import re
import socket
import ssl
import sys
import time

FOLDER = "Quarantine"


class Connection:
    """An IMAP connection that sends several commands in one flight."""

    def __init__(self, server, mailbox):
        plain = socket.create_connection(("localhost", server["port"]))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.create_default_context(cafile=server["ca_file"])
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.buffer, self.number, self.trips = b"", 0, 1
        self._line()
        self.flight(f'LOGIN "{mailbox}*{server["master"]}" "{server["password"]}"')

    def _line(self):
        while b"\r\n" not in self.buffer:
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the server closed the connection")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _response(self):
        """A line with the literals it announces."""
        whole = self._line()
        while match := re.search(rb"\{(\d+)\}$", whole):
            size = int(match[1])
            while len(self.buffer) < size:
                self.buffer += self.socket.recv(1 << 16)
            literal, self.buffer = self.buffer[:size], self.buffer[size:]
            whole += b"\r\n" + literal + self._line()
        return whole

    def flight(self, *commands):
        """The untagged answers of each command; fails unless all say OK."""
        out, tags = b"", []
        for command in commands:
            self.number += 1
            tags.append(b"t%d" % self.number)
            out += tags[-1] + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n"
        self.socket.sendall(out)
        self.trips += 1
        answers = []
        for tag in tags:
            lines = []
            while not (line := self._response()).startswith(tag + b" "):
                lines.append(line)
            if not line.startswith(tag + b" OK"):
                raise ConnectionError(line.decode())
            answers.append(lines + [line])
        return answers

    def append(self, folder, message, flags, date):
        """The new UID."""
        command = f'APPEND "{folder}" ({flags}) "{date}" {{{len(message)}+}}\r\n'.encode() + message
        return int(re.search(rb"APPENDUID \d+ (\d+)", self.flight(command)[0][-1])[1])

    def close(self):
        self.socket.sendall(b"bye LOGOUT\r\n")
        self.socket.close()
        return self.trips


def body_of(line):
    size = int(re.search(rb"BODY\[\] \{(\d+)\}\r\n", line)[1])
    begin = line.index(b"BODY[] {") + len(b"BODY[] {") + len(str(size)) + 3
    return line[begin:begin + size]


def fetched(lines):
    return next(line for line in lines if b"BODY[] {" in line)


def remove(connection, uid):
    connection.flight(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
    left = connection.flight(f"UID EXPUNGE {uid}", f"UID FETCH {uid} (UID)")[1]
    assert not any(b"FETCH (UID" in line for line in left), left


def pull(server, quarantine, mailbox, message_id):
    """What has to be known to put it back."""
    user = Connection(server, mailbox)
    listed = user.flight('LIST "" "*"')[0]
    folders = [m[1].decode() for line in listed if (m := re.match(rb'\* LIST .* "?([^"]+?)"?$', line))]
    flight = []
    for folder in folders:
        flight += [f'EXAMINE "{folder}"', f'UID SEARCH HEADER Message-ID "{message_id}"']
    answers = user.flight(*flight)
    hits = [(folders[i], int(m[1])) for i in range(len(folders)) for line in answers[2 * i + 1]
            if (m := re.match(rb"\* SEARCH (\d+)$", line))]
    (folder, uid), = hits
    line = fetched(user.flight(f'SELECT "{folder}"', f"UID FETCH {uid} (UID FLAGS INTERNALDATE BODY.PEEK[])")[1])
    message = body_of(line)
    flags = re.search(rb"FLAGS \(([^)]*)\)", line)[1].decode().replace("\\Recent", "").strip()
    date = re.search(rb'INTERNALDATE "([^"]+)"', line)[1].decode()
    place = quarantine.append(FOLDER, message, flags, date)
    assert body_of(fetched(quarantine.flight(f"UID FETCH {place} (UID BODY.PEEK[])")[0])) == message
    remove(user, uid)
    return (mailbox, folder, flags, date, place), user.close()


def put_back(server, quarantine, row):
    mailbox, folder, flags, date, place = row
    message = body_of(fetched(quarantine.flight(f"UID FETCH {place} (UID BODY.PEEK[])")[0]))
    user = Connection(server, mailbox)
    uid = user.append(folder, message, flags, date)
    line = fetched(user.flight(f'EXAMINE "{folder}"', f"UID FETCH {uid} (UID FLAGS INTERNALDATE BODY.PEEK[])")[1])
    assert body_of(line) == message
    remove(quarantine, place)
    return user.close()


def open_quarantine(server):
    quarantine = Connection(server, server["quarantine"])
    quarantine.flight(f'SELECT "{FOLDER}"')
    return quarantine


def _pull_all(arguments):
    server, mailboxes, message_id = arguments
    quarantine = open_quarantine(server)
    rows, trips = [], 0
    for mailbox in mailboxes:
        row, used = pull(server, quarantine, mailbox, message_id)
        rows.append(row)
        trips += used
    return rows, trips + quarantine.close()


def _put_all(arguments):
    server, rows = arguments
    quarantine = open_quarantine(server)
    trips = sum(put_back(server, quarantine, row) for row in rows)
    return trips + quarantine.close()


def run(server, mailboxes, message_id, processes):
    """Seconds and round trips of the way there, and of the way back."""
    setup = Connection(server, server["quarantine"])
    if not any(FOLDER.encode() in line for line in setup.flight('LIST "" "*"')[0]):
        setup.flight(f'CREATE "{FOLDER}"')
    setup.close()
    with multiprocessing.Pool(processes) as pool:
        shares = [mailboxes[i::processes] for i in range(processes)]
        begun = time.monotonic()
        pulled = pool.map(_pull_all, [(server, share, message_id) for share in shares], chunksize=1)
        middle = time.monotonic()
        trips = pool.map(_put_all, [(server, rows) for rows, _ in pulled], chunksize=1)
        end = time.monotonic()
    return (middle - begun, sum(t for _, t in pulled)), (end - middle, sum(trips))


if __name__ == "__main__":
    sys.exit("bench_quarantine.py runs this")
