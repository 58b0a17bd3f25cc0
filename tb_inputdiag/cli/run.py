"""``run``: a program as it is, with the callback in every `fit`.

Without NumPy and Keras until the program has ended: it may set what they read when they are imported.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from tb_inputdiag.autologging.children import autolog_in_children, autolog_when_imported
from tb_inputdiag.autologging.program import UserProgram, find_module, find_script, run_program, show_exception
from tb_inputdiag.autologging.switch import autolog, explain_by_present
from tb_inputdiag.cli.arguments import RunArguments
from tb_inputdiag.cli.parser import FINDINGS, complain
from tb_inputdiag.console import keep_stdout_clean
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.written import children_followed, written_files
from tb_inputdiag.log_folder import log_folder
from tb_inputdiag.urls import redact

__all__ = ["run", "settings_of"]


def run(arguments: RunArguments) -> NoReturn:
    """Runs the program, says what was found, and exits with the program's exit code, or with 1 for ``--fail-on``.

    Raises:
        ConfigurationError: if an argument is wrong, or there is no such program.
        SystemExit: with the exit code.
    """
    settings = settings_of(arguments)
    try:
        program = _program(arguments)
    except SyntaxError as error:  # shown as Python does, which has no frame to show yet
        sys.exit(show_exception(error.with_traceback(None)))
    autolog_when_imported(settings)
    autolog_in_children(settings)
    keep_stdout_clean()
    interrupt = _Interrupt()
    code = 0
    with children_followed():
        ended = run_program(program)
        if ended is not None:
            explain_by_present(ended)  # before a hook of the program's own shows it
            code = show_exception(ended)
        interrupt.happened = isinstance(ended, KeyboardInterrupt)
        autolog(disable=True)
        found = _found(arguments)
    sys.exit(FINDINGS if found and not code else code)


def settings_of(arguments: RunArguments) -> Mapping[str, Any]:
    """Returns the arguments of `autolog`, checked: the program must not begin with wrong ones."""
    rules = None
    if arguments.only or arguments.off or arguments.set or arguments.severity:
        from tb_inputdiag.cli.replay import parse_rules
        from tb_inputdiag.rules import RuleEngine

        rules = parse_rules(arguments)
        RuleEngine(rules)
    return {
        "log_dir": log_folder(arguments.log_dir),
        "every": arguments.every,
        "overhead_budget": arguments.overhead_budget,
        "rules": rules,
        "stop_on": arguments.stop_on,
        "images": arguments.images,
        "save_bad_batches": arguments.save_bad_batches,
        "mirror_scalars": arguments.mirror_scalars,
        "flush_s": arguments.flush_s,
        "verbose": 0 if arguments.quiet else 1,
    }


def _program(arguments: RunArguments) -> UserProgram:
    if arguments.module:
        return find_module(arguments.module[0], arguments.module[1:])
    words: Sequence[str] = arguments.program[1:] if arguments.program[:1] == ["--"] else arguments.program
    if not words:
        raise ConfigurationError("Which program? Give a file, such as train.py, or -m MODULE.")
    return find_script(words[0], words[1:])


def _found(arguments: RunArguments) -> bool:
    """Says what was found. Returns whether an alert is as severe as ``--fail-on`` asks."""
    files = written_files()
    if not files:
        complain("nothing was recorded: the program did not train, evaluate or call a Keras model.")
        return False
    from tb_inputdiag.cli.run_summary import chosen_of, print_runs
    from tb_inputdiag.records import Severity

    chosen = chosen_of(files)
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print_runs(chosen, redact(log_folder(arguments.log_dir)))
    if arguments.fail_on is None:
        return False
    lowest = Severity[arguments.fail_on]
    return any(alert.severity >= lowest for item in chosen for alert in item.session.alerts)


class _Interrupt:
    """Ends the process by SIGINT, as Python does after Ctrl-C, so that a loop in a shell ends, too."""

    def __init__(self) -> None:
        self.happened = False
        # what is registered first runs last: after all that the program registers
        atexit.register(self._finish)

    def _finish(self) -> None:
        if not self.happened or os.name == "nt":
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
