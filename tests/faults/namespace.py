"""Mounts that only this process sees: a disk that is full, a directory that cannot be written, whoever we are.

Permission bits do not bind root, as whom containers run; mounts do. A process may make mounts of its own in a mount
namespace, as root or, where the kernel allows it, in a user namespace.
"""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
_RDONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 32, 4096, 1 << 14, 1 << 18


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter() -> None:
    """Gives this process, which must have a single thread, mounts of its own.

    Raises:
        OSError: if the kernel does not let us.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", _CLONE_NEWNS if user == 0 else _CLONE_NEWNS | _CLONE_NEWUSER)
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _call("mount", b"none", b"/", None, _REC | _PRIVATE, None)


def small_disk(path: Path, size: int) -> None:
    """Puts an empty disk of `size` bytes at a directory."""
    _call("mount", b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={size}".encode())


def read_only(path: Path) -> None:
    """Makes a directory read-only. Files that are open for writing stay so, as with permission bits."""
    _call("mount", os.fsencode(path), os.fsencode(path), None, _BIND, None)
    _call("mount", None, os.fsencode(path), None, _BIND | _REMOUNT | _RDONLY, None)


@functools.cache
def available() -> bool:
    """Tells whether a process may have mounts of its own here."""
    try:
        child = os.fork()
    except AttributeError:  # Windows
        return False
    if child == 0:
        try:
            enter()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
