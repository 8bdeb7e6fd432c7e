"""The file that the shim and the rig share: what to do at which event, and what happened.

The offsets are those of `Control` in shim.c.
"""
import mmap
import os
import struct
import tempfile

TRACE, KILL, POWER = 0, 1, 2
DROP = {"raw": 1, "database": 2, "directory": 4, "mail": 8}
OPS = ["write", "pwrite", "writev", "fsync", "fdatasync", "rename", "unlink", "link", "ftruncate", "connect", "send",
       "recv", "create", "mkdir", "rmdir", "times"]
LOG_AT = 4096
LOG_SIZE = 160 * 1024 * 1024
FIRED_OP, FIRED_ROLE, FIRED_PATH, DATA_ROOT, MAIL_ROOT = 184, 200, 232, 472, 728


class Control:
    def __init__(self, mode=TRACE, kill_at=0, half=False, drop=(), data_root="", mail_root="", directory="/dev/shm", op="any"):
        """@op: @kill_at counts only events of this kind."""
        handle, self.path = tempfile.mkstemp(prefix="trawl-crash-", dir=directory)
        size = LOG_AT + (LOG_SIZE if mode == POWER else 0)
        os.ftruncate(handle, size)
        self.memory = mmap.mmap(handle, size)
        os.close(handle)
        self.mode = mode
        self.memory[0:24] = struct.pack("<QIIII", kill_at, mode, int(half), sum(DROP[d] for d in drop),
                                        OPS.index(op) if op in OPS else len(OPS))
        for offset, root in ((DATA_ROOT, data_root), (MAIL_ROOT, mail_root)):
            data = os.path.realpath(root).encode() if root else b""
            self.memory[offset:offset + len(data)] = data

    def environment(self, shim):
        return {"TRAWL_CRASH_CONTROL": self.path, "LD_PRELOAD": shim}

    def _number(self, offset, kind):
        return struct.unpack_from(kind, self.memory, offset)[0]

    def _text(self, offset, size):
        return bytes(self.memory[offset:offset + size]).split(b"\0")[0].decode(errors="replace").strip()

    @property
    def events(self):
        return self._number(24, "<Q")

    @property
    def fired(self):
        """0: not yet; 1: the processes were killed; 2: a sandboxed one asks us to kill them."""
        return self._number(32, "<I")

    @property
    def per_op(self):
        return {name: self._number(56 + 8 * i, "<Q") for i, name in enumerate(OPS)}

    @property
    def where(self):
        """What was about to happen at the kill, for people."""
        return f"{self._text(FIRED_ROLE, 32)}: {self._text(FIRED_OP, 16)} {self._text(FIRED_PATH, 240)}".strip()

    def log(self):
        """The records of power mode: a copy, so that the file can go."""
        return bytes(self.memory[LOG_AT:LOG_AT + self._number(40, "<Q")])

    def close(self):
        if self.path:
            self.memory.close()
            os.unlink(self.path)
            self.path = None
