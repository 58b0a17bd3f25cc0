"""The commands and their arguments."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from typing import NamedTuple, TypeAlias

from tb_inputdiag._version import __version__
from tb_inputdiag.cli import arguments as args
from tb_inputdiag.cli.parser import CLEAN, FINDINGS, UNREADABLE, Parser, complain, number
from tb_inputdiag.errors import InputDiagError

__all__ = ["SEVERITIES", "Command", "main", "make_parser", "parse"]

SEVERITIES = ("ERROR", "WARNING", "INFO")
"""Names of `records.Severity`, worst first; repeated here because importing that takes long."""

_Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

_EPILOG = f"""\
examples:
  tb-inputdiag summary logs                  what runs there are, how they did
  tb-inputdiag alerts logs                   the findings, with their fixes
  tb-inputdiag check logs --fail-on WARNING  for CI: exit code 1 if there is one
  tb-inputdiag watch logs                    a live run in the terminal
  tb-inputdiag report logs -o report.html    one file to mail
  tb-inputdiag replay logs --set unnormalized-input.max_pixel=300

exit codes: {CLEAN} done (check: nothing found), {FINDINGS} check found something,
            {UNREADABLE} cannot read the log, or wrong arguments
"""


class Command(NamedTuple):
    """A command with its arguments, ready to run."""

    handler: str
    """``module:function`` below `tb_inputdiag.cli`."""
    arguments: object
    """An instance of the command's class in `cli.arguments`."""
    color: bool | None
    width: int | None


def _add(
    commands: _Commands,
    name: str,
    handler: str,
    arguments: type,
    summary: str,
    *,
    examples: str = "",
    formats: Sequence[str] = ("text", "json"),
    log_dir: bool = True,
) -> Parser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}" if examples else None,
    )
    parser.set_defaults(handler=handler, arguments=arguments, parser=parser)
    if log_dir:
        parser.add_argument("log_dir", help="the log_dir of InputDiagnostics, or a folder above it, a file, or a URL")
        _add_choice(parser)
    if formats:
        parser.add_argument("--format", choices=formats, default=formats[0], help=f"default: {formats[0]}")
    _add_terminal(parser)
    return parser


def _add_choice(parser: Parser) -> None:
    parser.add_argument(
        "--run", metavar="NAME", help="only this run, as `summary` names it; or a pattern such as 'exp-*'"
    )
    parser.add_argument("--session", metavar="ID", help="only this session; the end of its id is enough")
    parser.add_argument("--last", action="store_true", help="only the latest session of each run")


def _add_terminal(parser: Parser) -> None:
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="default: auto; NO_COLOR is respected"
    )
    parser.add_argument(
        "--width", type=number(int, 40, 1000), metavar="N", help="columns; default: the terminal's, else 80"
    )


def _add_filter(parser: Parser, *, severity: bool = True) -> None:
    if severity:
        parser.add_argument("--min-severity", choices=SEVERITIES, type=str.upper, help="leave out what is less severe")
    parser.add_argument("--rule", action="append", metavar="ID", help="only this rule; may be given again")
    parser.add_argument("--open", action="store_true", help="leave out what is resolved")


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    parser = Parser(
        prog="tb-inputdiag",
        description="What is wrong with the inputs and gradients of Keras training runs, from InputDiagnostics' logs.",
        epilog=_EPILOG,
    )
    parser.set_defaults(handler=None)
    parser.add_argument("--version", action="version", version=f"tb-inputdiag {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)

    _add(
        commands,
        "summary",
        "summary:summary",
        args.SummaryArguments,
        "what runs there are, and how they did",
        examples="  tb-inputdiag summary logs\n"
        "  tb-inputdiag summary logs --run 'resnet-*' --last\n"
        "  tb-inputdiag summary s3://bucket/logs          # with tb-inputdiag[remote] and s3fs",
    )

    alerts = _add(
        commands,
        "alerts",
        "findings:alerts",
        args.AlertsArguments,
        "the findings, worst first, with numbers and fixes",
        examples="  tb-inputdiag alerts logs --min-severity WARNING\n"
        "  tb-inputdiag alerts logs --format json | jq '.[].rule'",
    )
    alerts.add_argument("--short", action="store_true", help="one line for each")
    _add_filter(alerts)

    _add(
        commands,
        "inputs",
        "inputs:inputs",
        args.InputsArguments,
        "statistics of the inputs, targets and outputs of sampled batches",
        examples="  tb-inputdiag inputs logs --last\n"
        "  tb-inputdiag inputs logs --format json | jq '.[] | {name, min, max}'",
    )

    gradients = _add(
        commands,
        "gradients",
        "gradients:gradients",
        args.GradientsArguments,
        "gradient norms of each trainable weight",
        examples="  tb-inputdiag gradients logs --last --top 10",
    )
    gradients.add_argument("--top", type=number(int, 1, 1e6), metavar="N", help="only the N largest, largest first")

    compare = _add(
        commands,
        "compare",
        "compare:compare",
        args.CompareArguments,
        "what differs between two runs",
        log_dir=False,
        examples="  tb-inputdiag compare logs/before logs/after\n"
        "  tb-inputdiag compare logs::run-1 logs::run-2\n"
        "  tb-inputdiag compare logs::.::20261124T003622-faa924 logs   # two sessions of a run",
    )
    compare.add_argument(
        "first", metavar="RUN", help="a folder with one run, FOLDER::RUN, or FOLDER::RUN::SESSION; default: its latest"
    )
    compare.add_argument("second", metavar="RUN")

    replay = _add(
        commands,
        "replay",
        "replay:replay",
        args.ReplayArguments,
        "judge a log anew, with other thresholds or newer rules",
        examples="  tb-inputdiag replay logs\n"
        "  tb-inputdiag replay logs --set unnormalized-input.max_pixel=300\n"
        "  tb-inputdiag replay logs --only unnormalized-input --full\n"
        "  tb-inputdiag replay logs --off class-imbalance --severity stalled-loss=INFO",
    )
    replay.add_argument("--only", action="append", metavar="ID", help="only this rule; may be given again")
    replay.add_argument("--off", action="append", metavar="ID", help="without this rule; may be given again")
    replay.add_argument("--set", action="append", metavar="RULE.THRESHOLD=NUMBER")
    replay.add_argument("--severity", action="append", metavar="RULE=SEVERITY")
    replay.add_argument("--full", action="store_true", help="alerts with all their parts")
    _add_filter(replay)

    check = _add(
        commands,
        "check",
        "check:check",
        args.CheckArguments,
        "exit code 1 if there is a finding, for CI",
        formats=("text", "json", "github"),
        examples="  tb-inputdiag check logs --fail-on WARNING --junit findings.xml\n"
        "  tb-inputdiag check logs --format github    # annotations of a workflow",
    )
    check.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        type=str.upper,
        default="WARNING",
        help="lowest severity that counts (WARNING)",
    )
    check.add_argument("--junit", metavar="FILE", help="also write a JUnit report")
    _add_filter(check, severity=False)

    watch = _add(
        commands,
        "watch",
        "watch:watch",
        args.WatchArguments,
        "a live run in the terminal; in a pipe, alerts as they come",
        formats=(),
        examples="  tb-inputdiag watch logs\n  tb-inputdiag watch logs --until-end > alerts.txt",
    )
    watch.add_argument(
        "--interval", type=number(float, 0.1, 3600, "seconds"), default=2.0, metavar="SECONDS", help="default: 2"
    )
    watch.add_argument("--once", action="store_true", help="show the present state and return")
    watch.add_argument("--until-end", action="store_true", help="return when no session is running any more")
    _add_filter(watch)

    export = _add(
        commands,
        "export",
        "export:export",
        args.ExportArguments,
        "a table of the log as csv, json or parquet",
        formats=(),
        examples="  tb-inputdiag export logs losses -o losses.csv\n"
        "  tb-inputdiag export logs weights -o weights.parquet",
    )
    export.add_argument(
        "table", choices=("losses", "samples", "inputs", "weights", "layers", "epochs", "alerts"), help="what to write"
    )
    export.add_argument("--format", choices=("csv", "json", "parquet"), help="default: by the file's name, else csv")
    export.add_argument("-o", "--output", metavar="FILE", help="default: standard output")

    report = _add(
        commands,
        "report",
        "report:report",
        args.ReportArguments,
        "one self-contained HTML file with findings, curves and thumbnails",
        formats=(),
        examples="  tb-inputdiag report logs -o report.html",
    )
    report.add_argument(
        "-o", "--output", metavar="FILE", default="report.html", help="default: report.html; - for standard output"
    )

    rules = _add(
        commands,
        "rules",
        "rules:rules",
        args.RulesArguments,
        "the rules, or the documentation of one",
        log_dir=False,
        examples="  tb-inputdiag rules\n  tb-inputdiag rules unnormalized-input      # with its thresholds",
    )
    rules.add_argument("id", nargs="?", metavar="ID", help="a rule, e.g. unnormalized-input")
    return parser


def parse(arguments: Sequence[str] | None = None) -> Command | None:
    """Returns the command that the arguments name; None without one.

    Args:
        arguments: Those of the command line; None: the process's.

    Raises:
        SystemExit: if an argument is wrong, or help was asked for.
    """
    options = make_parser().parse(arguments)
    if options.handler is None:
        return None
    found = {field.name: getattr(options, field.name) for field in fields(options.arguments)}
    color = {"always": True, "never": False}.get(options.color)
    return Command(options.handler, options.arguments(**found), color, options.width)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    Args:
        arguments: Those of the command line; None: the process's.
    """
    try:
        command = parse(arguments)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else UNREADABLE
    if command is None:
        make_parser().print_help(sys.stderr)
        return UNREADABLE
    try:
        return _run(command)
    except InputDiagError as error:
        complain(str(error))
        return UNREADABLE
    except BrokenPipeError:
        # The reader of the pipe has enough. Closing standard output must not complain either.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except OSError as error:
        complain(f"{error.filename or 'the log'} cannot be read: {error.strerror or error}.")
        return UNREADABLE
    except KeyboardInterrupt:
        return 130


def _run(command: Command) -> int:
    from tb_inputdiag.cli.terminal import Terminal

    module, _, name = command.handler.partition(":")
    # Commands are imported when they run: `rules` need not load what `export` does.
    handler = getattr(import_module(f"tb_inputdiag.cli.{module}"), name)
    code: int = handler(command.arguments, Terminal(sys.stdout, color=command.color, width=command.width))
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
