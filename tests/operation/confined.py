"""Run a program under the restrictions of a service unit, without systemd as the system's first process.

    python -m tests.operation.confined UNIT --uid 65534 --read DIR --write DIR -- PROGRAM ARGUMENTS

It needs root. What is done here is what systemd would do for the names in APPLIED, by the same means of the kernel:
mount namespace, capabilities, and a filter of system calls. Where systemd would let a forbidden call fail, here it
ends the process, so that no test passes by a fallback.

Source: systemd.exec(5); mount_setattr(2), prctl(2), seccomp(2); libseccomp's seccomp_rule_add_array(3).
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

from tests.operation.unit import Unit

APPLIED = {
    *("UMask", "LimitCORE", "LimitNOFILE", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities"),
    *("ProtectSystem", "ReadWritePaths", "PrivateTmp", "PrivateDevices", "PrivateMounts", "ProtectHome"),
    *("ProtectKernelTunables", "ProtectControlGroups", "ProtectProc", "ProcSubset", "RestrictAddressFamilies"),
    *("RestrictNamespaces", "RestrictRealtime", "MemoryDenyWriteExecute", "SystemCallArchitectures"),
    *("SystemCallFilter", "SystemCallErrorNumber", "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock"),
    *("ProtectHostname", "LockPersonality", "PrivateNetwork"),
}
"""Names in [Service] whose effect a process here is under. Some of them are system calls that the filter and the
empty set of capabilities forbid already."""

LEFT_OUT = {
    *("User", "Group", "LoadCredential", "ExecStart", "ExecReload", "Restart", "RestartSec", "TimeoutStopSec"),
    *("Type", "WatchdogSec", "ExecStartPost", "Nice", "IOSchedulingClass"),
    # Needs the manager: a user namespace of its own, limits of a control group, a key ring, clean-up after the service.
    *("SupplementaryGroups", "RuntimeDirectory", "RuntimeDirectoryMode"),
    *("PrivateUsers", "MemoryMax", "MemorySwapMax", "KeyringMode", "RemoveIPC", "RestrictSUIDSGID", "IPAddressDeny"),
}
"""Names in [Service] that are not tried here: what starts and ends the service, and what only the manager can do."""

_libc = ctypes.CDLL(None, use_errno=True)

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_CLONE_NEW_ANY = 0x7E020000
_MS_RDONLY, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 4096, 16384, 1 << 18
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_SETATTR, _MOUNT_ATTR_RDONLY = -100, 0x8000, 442, 1
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE = 24, 38, 65
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EQ, _MASKED_EQ = 4, 7
_CAPABILITIES = range(64)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns", ctypes.c_uint64),
    )


class _Argument(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno() or -result
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if one is None else one.encode() for one in (source, target, kind, data)]
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def _read_only(path: str, *, yes: bool, deep: bool) -> None:
    wanted = _Attributes(_MOUNT_ATTR_RDONLY if yes else 0, 0 if yes else _MOUNT_ATTR_RDONLY, 0, 0)
    flags = _AT_RECURSIVE if deep else 0
    args = (_AT_FDCWD, path.encode(), flags, ctypes.byref(wanted), ctypes.sizeof(wanted))
    _check(_libc.syscall(_MOUNT_SETATTR, *args), f"mount_setattr {path}")


def enter_file_system(read: list[Path], write: list[Path]) -> None:
    """See the system read-only, homes and temporary files as empty, and only the named places besides."""
    # Whatever the caller's, so that the way to a named place is open to the user below.
    os.umask(0o022)
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    # By the name it is called by, too: a link that leads to it may lie in what is hidden.
    places = [place for path in (*read, *write) for place in (path.resolve(), path.absolute())]
    handles = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in places}
    devices = {name: os.open(f"/dev/{name}", os.O_PATH) for name in ("null", "zero", "full", "random", "urandom")}
    for hidden in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"):
        if os.path.isdir(hidden):
            _mount("none", hidden, "tmpfs", 0, "mode=0755")
    _mount("none", "/dev", "tmpfs", 0, "mode=0755")
    for name, handle in devices.items():
        Path(f"/dev/{name}").touch()
        _mount(f"/proc/self/fd/{handle}", f"/dev/{name}", None, _MS_BIND)
    for path, handle in handles.items():
        path.mkdir(parents=True, exist_ok=True)
        _mount(f"/proc/self/fd/{handle}", str(path), None, _MS_BIND | _MS_REC)
    for handle in (*handles.values(), *devices.values()):
        os.close(handle)
    _read_only("/", yes=True, deep=True)
    for place in write:
        _read_only(str(place.resolve()), yes=False, deep=False)
    _mount("proc", "/proc", "proc", _MS_RDONLY, "hidepid=invisible,subset=pid")


def drop_privileges(uid: int) -> None:
    """Become a user without any capability, for good."""
    for number in _CAPABILITIES:
        if _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) < 0:
            break
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def filter_system_calls(allowed: frozenset[str], families: list[int]) -> None:
    """Let only these system calls through, and sockets of only these families; any other ends the process."""
    library: Any = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_KILL)))

    def rule(action: int, name: str, *arguments: _Argument) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        # Calls of other architectures have no number here.
        if number >= 0:
            array = (_Argument * len(arguments))(*arguments)
            done = library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(arguments), array)
            _check(done, f"rule for {name}")

    for name in sorted(allowed - {"socket", "clone", "clone3", "unshare", "setns"}):
        rule(_ALLOW, name)
    for family in families:
        rule(_ALLOW, "socket", _Argument(0, _EQ, family, 0))
    # Processes and threads, but no namespaces. The flags of clone3 lie in memory that a filter cannot read.
    rule(_ALLOW, "clone", _Argument(0, _MASKED_EQ, _CLONE_NEW_ANY, 0))
    rule(_ERRNO | errno.ENOSYS, "clone3")
    _check(library.seccomp_load(context), "seccomp_load")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("unit", type=Path)
    parser.add_argument("--uid", type=int, required=True)
    parser.add_argument("--read", type=Path, action="append", default=[])
    parser.add_argument("--write", type=Path, action="append", default=[])
    parser.add_argument("program", nargs="+")
    wanted = parser.parse_args()
    unit = Unit.read(wanted.unit)
    allowed = unit.system_calls()
    families = [int(getattr(socket, name)) for name in unit.value("RestrictAddressFamilies").split()]
    files = int(unit.value("LimitNOFILE"))
    here = Path.cwd()
    if unit.values("PrivateNetwork") == ["yes"]:
        _check(_libc.unshare(_CLONE_NEWNET), "unshare")
    enter_file_system([here, Path(sys.base_prefix), *wanted.read], wanted.write)
    os.chdir(here)
    os.umask(int(unit.value("UMask"), 8))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    drop_privileges(wanted.uid)
    _check(_libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0), "memory-deny-write-execute")
    filter_system_calls(allowed, families)
    os.execvp(wanted.program[0], wanted.program)


if __name__ == "__main__":
    main()
