"""The commands and their arguments."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from tb_inputdiag._version import __version__
from tb_inputdiag.cli.options import CLEAN, FINDINGS, UNREADABLE
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import InputDiagError
from tb_inputdiag.records import Severity

__all__ = ["main", "make_parser"]

_SEVERITIES = [severity.name for severity in sorted(Severity, reverse=True)]

_EPILOG = f"""\
examples:
  tb-inputdiag summary logs                       what runs there are, and how they did
  tb-inputdiag alerts logs                        the findings, with their fixes
  tb-inputdiag check logs --fail-on WARNING       for CI: exit code 1 if there is one
  tb-inputdiag watch logs                         a live run in the terminal
  tb-inputdiag replay logs --set unnormalized-input.max_pixel=300
  tb-inputdiag report logs -o report.html         one file to mail

exit codes: {CLEAN} done (check: nothing found), {FINDINGS} check found something,
            {UNREADABLE} cannot read the log, or wrong arguments
"""


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=30)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    handler: str,
    summary: str,
    *,
    examples: str = "",
    formats: Sequence[str] = ("text", "json"),
    log_dir: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=_formatter,
    )
    parser.set_defaults(handler=handler)
    if log_dir:
        parser.add_argument("log_dir", help="the log_dir of InputDiagnostics, or a folder above it, a file, or a URL")
        _add_choice(parser)
    if formats:
        parser.add_argument("--format", choices=formats, default=formats[0], help=f"default: {formats[0]}")
    _add_terminal(parser)
    return parser


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="NAME", help="only this run, as `summary` names it")
    parser.add_argument("--session", metavar="ID", help="only this session")
    parser.add_argument("--last", action="store_true", help="only the latest session of each run")


def _add_terminal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="default: auto; NO_COLOR is respected"
    )
    parser.add_argument("--width", type=int, metavar="N", help="columns; default: the terminal's, else 80")


def _add_filter(parser: argparse.ArgumentParser, *, severity: bool = True) -> None:
    if severity:
        parser.add_argument("--min-severity", choices=_SEVERITIES, type=str.upper, help="leave out what is less severe")
    parser.add_argument("--rule", action="append", metavar="ID", help="only this rule; may be given again")
    parser.add_argument("--open", action="store_true", help="leave out what is resolved")


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="tb-inputdiag",
        description="What is wrong with the inputs and gradients of Keras training runs, from InputDiagnostics' logs.",
        epilog=_EPILOG,
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action="version", version=f"tb-inputdiag {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    _add(commands, "summary", "summary:summary", "what runs there are, and how they did")

    alerts = _add(
        commands, "alerts", "findings:alerts", "the findings, worst first, with numbers and fixes",
        examples="  tb-inputdiag alerts logs --min-severity WARNING\n"
        "  tb-inputdiag alerts logs --format json | jq '.[].rule'",
    )  # fmt: skip
    alerts.add_argument("--short", action="store_true", help="one line for each")
    _add_filter(alerts)

    _add(commands, "inputs", "quantities:inputs", "statistics of the inputs, targets and outputs of sampled batches")

    gradients = _add(commands, "gradients", "quantities:gradients", "gradient norms of each trainable weight")
    gradients.add_argument("--top", type=int, metavar="N", help="only the N largest, largest first")

    compare = _add(
        commands, "compare", "compare:compare", "what differs between two runs", log_dir=False,
        examples="  tb-inputdiag compare logs/before logs/after\n  tb-inputdiag compare logs::run-1 logs::run-2",
    )  # fmt: skip
    compare.add_argument("first", metavar="RUN", help="a folder with one run, or FOLDER::RUN")
    compare.add_argument("second", metavar="RUN")

    replay = _add(
        commands, "replay", "judge:replay", "judge a log anew, with other thresholds or newer rules",
        examples="  tb-inputdiag replay logs\n"
        "  tb-inputdiag replay logs --only unnormalized-input --set unnormalized-input.max_pixel=300\n"
        "  tb-inputdiag replay logs --off class-imbalance --severity stalled-loss=INFO",
    )  # fmt: skip
    replay.add_argument("--only", action="append", metavar="ID", help="only this rule; may be given again")
    replay.add_argument("--off", action="append", metavar="ID", help="without this rule; may be given again")
    replay.add_argument("--set", action="append", metavar="RULE.THRESHOLD=NUMBER")
    replay.add_argument("--severity", action="append", metavar="RULE=SEVERITY")
    replay.add_argument("--full", action="store_true", help="alerts with all their parts")
    _add_filter(replay)

    check = _add(
        commands, "check", "judge:check", "exit code 1 if there is a finding, for CI",
        formats=("text", "json", "github"),
        examples="  tb-inputdiag check logs --fail-on WARNING --junit findings.xml\n"
        "  tb-inputdiag check logs --format github        # annotations of a GitHub workflow",
    )  # fmt: skip
    check.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        type=str.upper,
        default="WARNING",
        help="lowest severity that counts (WARNING)",
    )
    check.add_argument("--junit", metavar="FILE", help="also write a JUnit report")
    _add_filter(check, severity=False)

    watch = _add(
        commands, "watch", "watch:watch", "a live run in the terminal; in a pipe, alerts as they come", formats=(),
        examples="  tb-inputdiag watch logs\n  tb-inputdiag watch logs --until-end > alerts.txt",
    )  # fmt: skip
    watch.add_argument("--interval", type=_positive, default=2.0, metavar="SECONDS", help="default: 2")
    watch.add_argument("--once", action="store_true", help="show the present state and return")
    watch.add_argument("--until-end", action="store_true", help="return when no session is running any more")
    _add_filter(watch)

    export = _add(
        commands, "export", "export:export", "a table of the log as csv, json or parquet", formats=(),
        examples="  tb-inputdiag export logs losses -o losses.csv\n"
        "  tb-inputdiag export logs weights -o weights.parquet",
    )  # fmt: skip
    export.add_argument(
        "table", choices=("losses", "samples", "inputs", "weights", "layers", "epochs", "alerts"), help="what to write"
    )
    export.add_argument("--format", choices=("csv", "json", "parquet"), help="default: by the file's name, else csv")
    export.add_argument("-o", "--output", metavar="FILE", help="default: standard output")

    report = _add(
        commands, "report", "report:report", "one self-contained HTML file with findings, curves and thumbnails",
        formats=(), examples="  tb-inputdiag report logs -o report.html",
    )  # fmt: skip
    report.add_argument(
        "-o", "--output", metavar="FILE", default="report.html", help="default: report.html; - for standard output"
    )

    rules = _add(commands, "rules", "rules:rules", "the rules, or the documentation of one", log_dir=False)
    rules.add_argument("id", nargs="?", metavar="ID", help="a rule, e.g. unnormalized-input")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"must be from 0.1 to 3600 seconds, not {text}")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    Args:
        arguments: Those of the command line; None: the process's.
    """
    try:
        options = make_parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else UNREADABLE
    color = {"always": True, "never": False}.get(options.color)
    terminal = Terminal(sys.stdout, color=color, width=options.width)
    module, _, name = options.handler.partition(":")
    # Commands are imported when they run: `rules` need not load what `export` does.
    handler: Callable[[argparse.Namespace, Terminal], int] = getattr(import_module(f"tb_inputdiag.cli.{module}"), name)
    try:
        code = handler(options, terminal)
        sys.stdout.flush()
    except InputDiagError as error:
        print(f"tb-inputdiag: {error}", file=sys.stderr)
        return UNREADABLE
    except BrokenPipeError:
        # Whoever read the pipe has enough; closing standard output must not complain either.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except OSError as error:
        print(
            f"tb-inputdiag: {error.filename or 'the log'} cannot be read: {error.strerror or error}.", file=sys.stderr
        )
        return UNREADABLE
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
