"""``%load_ext tb_inputdiag``: switches `autolog` on in a notebook, and adds the magic ``%inputdiag``.

IPython is not imported: it hands over its shell.
"""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import fields
from typing import Any

from tb_inputdiag.autologging.switch import autolog, describe_present
from tb_inputdiag.cli.arguments import RunArguments
from tb_inputdiag.cli.grammar_of_run import add_settings
from tb_inputdiag.cli.parser import Parser, complain
from tb_inputdiag.cli.run import settings_of
from tb_inputdiag.errors import InputDiagError
from tb_inputdiag.log.reader import Run, runs_of
from tb_inputdiag.log.written import written_files

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

_MAGIC = "inputdiag"


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext tb_inputdiag``.

    Args:
        shell: IPython's shell.
    """
    autolog()
    shell.register_magic_function(inputdiag, "line", _MAGIC)


def unload_ipython_extension(shell: Any) -> None:
    """Called by ``%unload_ext tb_inputdiag``."""
    autolog(disable=True)
    shell.magics_manager.magics["line"].pop(_MAGIC, None)


def inputdiag(line: str) -> Run | None:
    """Shows the latest run, or changes what is recorded.

    ::

        %inputdiag                                 # what is recorded, and where to
        %inputdiag report                          # the latest run as a card
        %inputdiag logs/second --stop-on ERROR     # another folder, other settings; --help lists them
        %inputdiag off
    """
    words = shlex.split(line)
    if words == ["report"]:
        return _latest()
    with contextlib.suppress(SystemExit):  # the parser has said what is wrong
        try:
            _switch(words)
        except InputDiagError as error:
            complain(str(error))
    return None


def _latest() -> Run | None:
    files = written_files()
    if not files:
        print("Nothing was recorded yet.")
        return None
    return runs_of(path for path in files if path.parent == files[-1].parent)[0]


def _switch(words: list[str]) -> None:
    if words == ["off"]:
        autolog(disable=True)
    elif words:
        found = _parser().parse(words)
        names = {field.name for field in fields(RunArguments)}
        arguments = RunArguments(**{name: value for name, value in vars(found).items() if name in names})
        autolog(**settings_of(arguments))
    else:
        print(f"%{_MAGIC} [report | off | LOG_DIR] [--help]")
    print(describe_present())


def _parser() -> Parser:
    parser = Parser(prog=f"%{_MAGIC}", description="Records every training run of this notebook.")
    parser.add_argument("log_dir", metavar="LOG_DIR", nargs="?", default="logs", help="default: logs")
    add_settings(parser)
    return parser
