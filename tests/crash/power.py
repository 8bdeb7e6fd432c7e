"""Takes back what a power cut would have taken: every change of a file that was not made durable.

The shim logged each change with what was there before, and each fsync. A change of bytes is durable
once its file was fsynced after it (fdatasync does not keep a date), a new, changed or removed name
once the directory was, whichever of the two directories of a rename is the later one. All that is not
durable is undone; with a random number generator a part of it survives, since a disk may write in any
order. The files are read into memory, changed there and written back.
"""
import os
import stat
import struct

from control import OPS

HEAD = struct.Struct("<IIQQQqqIIIIQQ")
BYTES = ("write", "pwrite", "ftruncate", "times")
NAMES = ("create", "link", "unlink", "rename", "mkdir", "rmdir")


class Change:
    def __init__(self, log, at):
        (self.length, op, self.inode, self.directory, self.offset, self.old_size, self.mtime, path, path_to, old, new,
         self.directory_to, self.inode_to) = HEAD.unpack_from(log, at)
        self.op = OPS[op]
        at += HEAD.size
        self.path = os.path.normpath(log[at:at + path].decode()) if path else ""
        self.path_to = os.path.normpath(log[at + path:at + path + path_to].decode()) if path_to else ""
        at += path + path_to
        self.old = log[at:at + old]
        self.new = log[at + old:at + old + new]

    def __repr__(self):
        where = f" {self.path}{' -> ' + self.path_to if self.path_to else ''}" if self.path else f" {len(self.new)} bytes at {self.offset}"
        return f"{self.op}{where} inode {self.inode}"


def read_log(log):
    changes, at = [], 0
    while at < len(log):
        changes.append(Change(log, at))
        at += changes[-1].length
    return changes


def pending(changes):
    """The changes that no fsync made durable, in order."""
    left = {}
    for number, change in enumerate(changes):
        if change.op in BYTES or change.op in NAMES:
            left[number] = change
        elif change.directory:  # an fsync of a directory
            names = set()
            for other, name in sorted(left.items(), reverse=True):
                if name.op not in NAMES:
                    continue
                where = name.directory_to if name.op == "rename" else name.directory
                if where == change.directory or name.path in names or name.path_to in names:
                    names.update(p for p in (name.path, name.path_to) if p)
                    del left[other]
        else:  # of a file
            for other, data in list(left.items()):
                if data.op in BYTES and data.inode == change.inode and (data.op != "times" or change.op == "fsync"):
                    del left[other]
    return [left[number] for number in sorted(left)]


class Inode:
    def __init__(self, data=b"", mtime=0, mode=0o600):
        self.data, self.mtime, self.mode = bytearray(data), mtime, mode


class Disk:
    """The files below some roots, in memory."""

    def __init__(self, roots):
        self.roots = [os.path.realpath(root) for root in roots if root]
        self.inodes, self.names, self.directories = {}, {}, set()
        for root in self.roots:
            for directory, _, files in os.walk(root):
                self.directories.add(directory)
                for file in files:
                    self._load(os.path.join(directory, file))
        self.before = {path: (inode, bytes(self.inodes[inode].data), self.inodes[inode].mtime)
                       for path, inode in self.names.items()}
        self.directories_before = set(self.directories)

    def _load(self, path):
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            self.names[path] = status.st_ino
            with open(path, "rb") as file:
                self.inodes[status.st_ino] = Inode(file.read(), status.st_mtime_ns, stat.S_IMODE(status.st_mode))

    def _inode(self, number):
        return self.inodes.setdefault(number, Inode())

    def undo(self, change):
        inode = self._inode(change.inode) if change.op in BYTES else None
        if change.op == "times":
            inode.mtime = change.mtime
        elif change.op in BYTES:
            inode.data[change.offset:change.offset + max(len(change.new), len(change.old))] = change.old
            del inode.data[change.old_size:]
            inode.mtime = change.mtime
        elif change.op in ("create", "link"):
            self.names.pop(change.path, None)
        elif change.op == "unlink":
            self.names[change.path] = self._kept(change)
        elif change.op == "rename":
            self._rename(change.path_to, change.path)
            if change.inode_to and change.inode_to != change.inode:
                self.names[change.path_to] = self._kept(change)
        elif change.op == "mkdir":
            self._forget(change.path)
        elif change.op == "rmdir":
            self.directories.add(change.path)

    def redo(self, change):
        parent = os.path.dirname(change.path)
        if change.op in ("write", "pwrite"):
            inode = self._inode(change.inode)
            if len(inode.data) < change.offset:
                inode.data.extend(bytes(change.offset - len(inode.data)))
            inode.data[change.offset:change.offset + len(change.new)] = change.new
        elif change.op == "ftruncate":
            data = self._inode(change.inode).data
            del data[change.offset:]
            data.extend(bytes(change.offset - len(data)))
        elif change.op in ("create", "link") and parent in self.directories:
            self._inode(change.inode)
            self.names.setdefault(change.path, change.inode)
        elif change.op == "unlink" and self.names.get(change.path) == change.inode:
            del self.names[change.path]
        elif change.op == "rename" and self.names.get(change.path) == change.inode and \
                os.path.dirname(change.path_to) in self.directories:
            self._rename(change.path, change.path_to)
        elif change.op == "mkdir" and parent in self.directories:
            self.directories.add(change.path)

    def _kept(self, change):
        if change.inode_to not in self.inodes:
            self.inodes[change.inode_to] = Inode(change.old, change.mtime, stat.S_IMODE(change.old_size))
        return change.inode_to

    def _rename(self, path, to):
        if path in self.names:
            self.names[to] = self.names.pop(path)
        elif path in self.directories:
            for below in [p for p in self.names if p.startswith(path + "/")]:
                self.names[to + below[len(path):]] = self.names.pop(below)
            for below in [p for p in self.directories if p == path or p.startswith(path + "/")]:
                self.directories.remove(below)
                self.directories.add(to + below[len(path):])

    def _forget(self, path):
        for below in [p for p in self.names if p.startswith(path + "/")]:
            del self.names[below]
        self.directories = {p for p in self.directories if p != path and not p.startswith(path + "/")}

    def save(self):
        for path in self.directories - self.directories_before:
            os.makedirs(path, exist_ok=True)
        for path in self.before:
            if path not in self.names or path.endswith("-shm"):
                os.unlink(path)
        for path, number in self.names.items():
            inode, before = self.inodes[number], self.before.get(path)
            if path.endswith("-shm") or before == (number, bytes(inode.data), inode.mtime):
                continue
            if before and path in self.names:
                os.unlink(path)  # a name of its own: it may share its inode with another
            with open(path, "wb") as file:
                file.write(inode.data)
            os.chmod(path, inode.mode)
            os.utime(path, ns=(inode.mtime, inode.mtime))
        for path in sorted(self.directories_before - self.directories, reverse=True):
            os.rmdir(path)


def cut(log, roots, rng=None):
    """Makes the files below @roots what they would be after a power cut: (the changes undone, those that survived)."""
    pendings = pending(read_log(log))
    disk = Disk(roots)
    for change in reversed(pendings):
        disk.undo(change)
    survivors = [change for change in pendings if rng and rng.random() < 0.5]
    for change in survivors:
        disk.redo(change)
    disk.save()
    return [change for change in pendings if change not in survivors], survivors
