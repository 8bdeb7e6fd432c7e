"""What the self-test of the rig kills: it keeps items the way Trawl does, and says when each is kept.

Item n is written below raw/, made durable, given its name, and noted in a journal; "kept n" on standard
output is the promise that must hold after any crash. Every round makes the same events in the same
order.
"""
import os
import sys

ROUNDS = 4
EVENTS_A_ROUND = 7  # write, fsync, rename, fsync of the directory, mtime, write and fdatasync of the journal


def content(number):
    return b"item %d " % number * 300


def main(root, careless=False):
    raw = os.path.join(root, "raw")
    directory = os.open(raw, os.O_RDONLY)
    journal = os.open(os.path.join(root, "trawl.db"), os.O_RDWR | os.O_APPEND)
    for number in range(ROUNDS):
        path = os.path.join(raw, f"item-{number}")
        file = os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(file, content(number))
        os.utime(file, (1000, 1000))
        if not careless:
            os.fsync(file)
        os.close(file)
        os.rename(path + ".tmp", path)
        os.fsync(directory)
        os.write(journal, b"%d\n" % number)
        os.fdatasync(journal)
        os.write(1, b"kept %d\n" % number)


if __name__ == "__main__":
    main(sys.argv[1], "--without-fsync" in sys.argv)
