"""The few kernel calls of tracing that Python lacks: ptrace, a seccomp filter, the parent's death as a signal.

The filter makes the kernel stop a traced process at the calls of `calls.py` alone: a stop costs far more than a call.
"""

import ctypes
import os
import signal
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.kills.calls import WRITING_FLAGS, Call, Machine

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.restype = ctypes.c_long
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

_CONT, _POKEUSER, _SEIZE, _INTERRUPT = 7, 6, 0x4206, 0x4207
_GET_SYSCALL_INFO, _INFO_BYTES = 0x420E, 88
_INFO = ctypes.create_string_buffer(_INFO_BYTES)
_INFO_AT = ctypes.addressof(_INFO)
_TRACE_CHILDREN, _TRACE_SECCOMP, _EXITKILL = 0x2 | 0x4 | 0x8, 0x80, 0x100000
EVENT_SECCOMP, EVENT_STOP = 7, 128
WALL = 0x40000000

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 1, 22, 38, 2
_LOAD, _IF_EQUAL, _IF_ABOVE, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
# Of a user's registers on x86-64, in bytes: what the call is, and what it answers.
_ORIG_RAX, _RAX = 15 * 8, 10 * 8
_STDERR = 2
# Which argument of a call says how many bytes.
_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A process about to carry out a call: its number and arguments."""

    number: int
    arguments: tuple[int, ...]


def _request(request: int, pid: int, address: int = 0, data: int = 0) -> None:
    if _LIBC.ptrace(request, pid, address, data) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x}: {os.strerror(error)}")


def seize(pid: int) -> None:
    """Trace a process and whatever it starts; they die with this one.

    Raises:
        PermissionError: this machine does not let us.
    """
    _request(_SEIZE, pid, 0, _TRACE_CHILDREN | _TRACE_SECCOMP | _EXITKILL)


def go_on(thread: int, number: int = 0) -> None:
    """Let a stopped thread run on, with a signal if `number` names one."""
    _request(_CONT, thread, 0, number)


def entry(thread: int) -> Entry:
    """Return what a thread that the filter has stopped is about to do."""
    _request(_GET_SYSCALL_INFO, thread, _INFO_BYTES, _INFO_AT)
    number, *arguments = struct.unpack_from("=7Q", _INFO, 24)
    return Entry(number, tuple(arguments))


def answer_instead(thread: int, error: int) -> None:
    """Let the call of a stopped thread fail with `error` without carrying it out; x86-64 only."""
    _request(_POKEUSER, thread, _ORIG_RAX, ctypes.c_ulong(-1).value)
    _request(_POKEUSER, thread, _RAX, ctypes.c_ulong(-error).value)


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the process that started this one ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def stop_at_calls(machine: Machine) -> None:
    """Make the kernel stop this process, and all that it starts, at the calls of the table; a tracer must be there."""
    program = _filter(machine.audit_arch, machine.calls)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("=HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(header, len(header))
    if (
        _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
        or _LIBC.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_void_p(ctypes.addressof(pointer)), 0, 0) == -1
    ):
        error = ctypes.get_errno()
        raise OSError(error, f"seccomp: {os.strerror(error)}")


def _filter(audit_arch: int, calls: Mapping[int, Call]) -> bytes:
    """Return the filter as the kernel wants it: eight bytes an instruction."""
    lines = [(_LOAD, 0, 0, _ARCH_AT), (_IF_EQUAL, 1, 0, audit_arch), (_RETURN, 0, 0, _ALLOW)]
    lines.append((_LOAD, 0, 0, _NUMBER_AT))
    for number, call in calls.items():
        look = _look(call)
        lines += [(_IF_EQUAL, 0, len(look), number), *look]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _look(call: Call) -> list[tuple[int, int, int, int]]:
    """Return the instructions for one call: stop, unless it only reads, writes to the terminal, or wakes a loop."""
    if call.flags is not None:
        test = (_IF_ANY_BIT, 0, 1, WRITING_FLAGS)
        looked_at = call.flags
    elif call.name == "write":
        test = (_IF_ABOVE, 0, 1, _STDERR)
        looked_at = 0
    elif call.aside is not None:
        test = (_IF_EQUAL, 1, 0, call.aside)
        looked_at = _LENGTH
    else:
        return [(_RETURN, 0, 0, _TRACE)]
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * looked_at), test, (_RETURN, 0, 0, _TRACE), (_RETURN, 0, 0, _ALLOW)]
