"""``sync``: uploads a log that a process left in its spool, or that was written to a local folder."""

from __future__ import annotations

import shlex
from pathlib import Path

from tb_inputdiag.cli.arguments import SyncArguments
from tb_inputdiag.cli.parser import CLEAN, UNREADABLE, complain
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import RemoteError
from tb_inputdiag.log.make_outline import outline_beside
from tb_inputdiag.numbers import count, size_bytes
from tb_inputdiag.remote.mirror import FolderMirror
from tb_inputdiag.remote.spool import Spool, spool_root
from tb_inputdiag.report.ansi import clean
from tb_inputdiag.urls import redact

__all__ = ["sync"]


def sync(arguments: SyncArguments, terminal: Terminal) -> int:
    """Uploads what the remote lacks. Without a folder, lists the spools that processes have left."""
    if arguments.folder is None:
        _print_spools(terminal)
        return CLEAN
    spool = Spool.open(Path(arguments.folder).expanduser().absolute(), arguments.url)
    mirror = FolderMirror(spool, outline_beside)
    url = redact(spool.url)
    try:
        mirror.adopt()
        mirror.push(all_closed=True)
    except RemoteError as error:
        state = mirror.state()
        complain(
            f"{state.waiting} of {count(state.files, 'file')} could not be uploaded: {error}\nThey are still in "
            f"{spool.folder}."
        )
        return UNREADABLE
    state = mirror.state()
    terminal.print(
        f"{url} has all of {count(state.files, 'file')} ({size_bytes(state.size_bytes)}); "
        f"{size_bytes(mirror.uploaded_bytes)} were uploaded."
    )
    if spool.is_marked and not arguments.keep:
        spool.remove()
        terminal.print(f"{spool.folder} is deleted.")
    return CLEAN


def _print_spools(terminal: Terminal) -> None:
    root = spool_root()
    found = sorted(path.parent for path in root.glob("*/spool.json"))
    if not found:
        terminal.print(f"There is no spool in {root}.")
        return
    for folder in found:
        url = Spool.open(folder, "unknown://").known_url
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        terminal.print(f"{clean(url)}, {size_bytes(size)}:\n    tb-inputdiag sync {shlex.quote(str(folder))}")
    terminal.print("A spool may belong to a process that runs.")
