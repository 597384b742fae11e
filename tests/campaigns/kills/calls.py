"""Which system calls are kill points: those that change a file, and those that speak to the broker.

Everything else (reading files, memory, waiting, waking another thread) leaves the outside world as it is: a kill
before such a call is a kill before the next call of this table.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The classes of calls, as coverage counts them."""

    OPEN = "open"  # for writing, or creating
    WRITE = "write"
    FSYNC = "fsync"
    RENAME = "rename"
    LINK = "link"
    UNLINK = "unlink"
    FOLDER = "mkdir"
    TRUNCATE = "truncate"
    LOCK = "flock"
    MODE = "chmod"
    CONNECT = "connect"
    SEND = "send"
    RECEIVE = "recv"


# What a full or broken disk lets fail.
ON_DISK = frozenset({Kind.OPEN, Kind.WRITE, Kind.FSYNC, Kind.RENAME, Kind.LINK, Kind.FOLDER, Kind.TRUNCATE})
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: `path` or `descriptor` says which argument names what it acts on.

    With `flags` only calls count whose argument of this number asks for writing; with `data` that argument points to
    the bytes sent. A call whose third argument is `aside` is none of ours.
    """

    name: str
    kind: Kind
    path: int | None = None
    descriptor: int | None = None
    flags: int | None = None
    data: int | None = None
    aside: int | None = None


# An event loop is woken by one byte over a socket to itself, and reads up to so many of them; no client does either.
_WAKES, _WOKEN = 1, 4096
_CALLS = (
    Call("open", Kind.OPEN, path=0, flags=1),
    Call("openat", Kind.OPEN, path=1, flags=2),
    Call("write", Kind.WRITE, descriptor=0, data=1),
    Call("pwrite64", Kind.WRITE, descriptor=0),
    Call("writev", Kind.WRITE, descriptor=0),
    Call("fsync", Kind.FSYNC, descriptor=0),
    Call("fdatasync", Kind.FSYNC, descriptor=0),
    Call("rename", Kind.RENAME, path=1),
    Call("renameat", Kind.RENAME, path=3),
    Call("renameat2", Kind.RENAME, path=3),
    Call("link", Kind.LINK, path=1),
    Call("linkat", Kind.LINK, path=3),
    Call("unlink", Kind.UNLINK, path=0),
    Call("unlinkat", Kind.UNLINK, path=1),
    Call("rmdir", Kind.UNLINK, path=0),
    Call("mkdir", Kind.FOLDER, path=0),
    Call("mkdirat", Kind.FOLDER, path=1),
    Call("truncate", Kind.TRUNCATE, path=0),
    Call("ftruncate", Kind.TRUNCATE, descriptor=0),
    Call("flock", Kind.LOCK, descriptor=0),
    Call("chmod", Kind.MODE, path=0),
    Call("fchmod", Kind.MODE, descriptor=0),
    Call("fchmodat", Kind.MODE, path=1),
    Call("connect", Kind.CONNECT, descriptor=0, data=1),
    Call("sendto", Kind.SEND, descriptor=0, data=1, aside=_WAKES),
    Call("sendmsg", Kind.SEND, descriptor=0),
    Call("recvfrom", Kind.RECEIVE, descriptor=0, aside=_WOKEN),
    Call("recvmsg", Kind.RECEIVE, descriptor=0),
)
_X86_64 = {
    "open": 2, "openat": 257, "write": 1, "pwrite64": 18, "writev": 20, "fsync": 74, "fdatasync": 75, "rename": 82,
    "renameat": 264, "renameat2": 316, "link": 86, "linkat": 265, "unlink": 87, "unlinkat": 263, "rmdir": 84,
    "mkdir": 83, "mkdirat": 258, "truncate": 76, "ftruncate": 77, "flock": 73, "chmod": 90, "fchmod": 91,
    "fchmodat": 268, "connect": 42, "sendto": 44, "sendmsg": 46, "recvfrom": 45, "recvmsg": 47,
}  # fmt: skip
_AARCH64 = {
    "openat": 56, "write": 64, "pwrite64": 68, "writev": 66, "fsync": 82, "fdatasync": 83, "renameat": 38,
    "renameat2": 276, "linkat": 37, "unlinkat": 35, "mkdirat": 34, "truncate": 45, "ftruncate": 46, "flock": 32,
    "fchmod": 52, "fchmodat": 53, "connect": 203, "sendto": 206, "sendmsg": 211, "recvfrom": 207, "recvmsg": 212,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor's name for itself in seccomp, and its numbers of the calls.

    `may_refuse` says whether we know the registers in which a call is refused.
    """

    audit_arch: int
    numbers: Mapping[str, int]
    may_refuse: bool = False

    @property
    def calls(self) -> dict[int, Call]:
        """The calls of the table by number."""
        return {self.numbers[call.name]: call for call in _CALLS if call.name in self.numbers}


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(0xC000003E, _X86_64, may_refuse=True),
    "aarch64": Machine(0xC00000B7, _AARCH64),
}


def machine() -> Machine | None:
    """Return this machine's numbers, or None where the table does not know it."""
    return MACHINES.get(platform.machine())
