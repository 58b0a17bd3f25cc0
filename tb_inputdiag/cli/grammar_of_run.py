"""The grammar of ``run``, and of the settings that it shares with other commands and with ``%inputdiag``."""

from __future__ import annotations

import argparse

from tb_inputdiag.cli.arguments import RunArguments
from tb_inputdiag.cli.parser import Parser, number

__all__ = ["SEVERITIES", "add_rule_changes", "add_run", "add_settings"]

SEVERITIES = ("ERROR", "WARNING", "INFO")
"""Names of `records.Severity`, worst first; repeated here because importing that takes long."""

_EXAMPLES = """\
examples:
  tb-inputdiag run train.py --epochs 3
  tb-inputdiag run --log-dir logs --stop-on ERROR train.py
  tb-inputdiag run --fail-on WARNING -m package.train      # for CI
"""


def add_run(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command ``run``."""
    parser = commands.add_parser(
        "run",
        help="a program as it is, with the callback in every fit",
        usage="tb-inputdiag run [options] PROGRAM [ARGS...]\n       tb-inputdiag run [options] -m MODULE [ARGS...]",
        description="Runs a program as Python does, with the callback in every fit, evaluate, predict and "
        "train_on_batch, and the cause below the traceback if it fails. The exit code is the program's.",
        epilog=_EXAMPLES,
    )
    parser.set_defaults(handler="run:run", arguments=RunArguments, parser=parser, color="auto", width=None)
    parser.add_argument("--log-dir", metavar="DIR", default="logs", help="a folder or a URL; default: logs")
    parser.add_argument(
        "--fail-on", choices=SEVERITIES, type=str.upper, help="exit code 1 if there is an alert of that severity"
    )
    add_settings(parser)
    rest = argparse.REMAINDER
    parser.add_argument("-m", dest="module", nargs=rest, help="a module and its arguments")
    parser.add_argument("program", metavar="PROGRAM", nargs=rest, help="a file and its arguments")


def add_settings(parser: Parser) -> None:
    """Adds the callback's settings, without the folder of the log."""
    parser.add_argument(
        "--stop-on", choices=SEVERITIES, type=str.upper, help="end training at the first alert of that severity"
    )
    parser.add_argument("--every", type=_every, metavar="N", default="auto", help="sample every n-th step")
    parser.add_argument(
        "--overhead-budget",
        type=number(float, 1e-6, 1),
        metavar="SHARE",
        default=0.01,
        help="of the training time that samples may take; default: 0.01",
    )
    parser.add_argument(
        "--images",
        type=number(int, 0, 16),
        metavar="N",
        default=4,
        help="thumbnails in a sample; 0: no single examples either; default: 4",
    )
    parser.add_argument("--save-bad-batches", action="store_true", help="save batches that hold NaN or infinities")
    parser.add_argument(
        "--mirror-scalars", action="store_true", help="show loss, gradient norm and alerts in TensorBoard's own tabs"
    )
    parser.add_argument(
        "--flush-s",
        type=number(float, 1, 3600, "seconds"),
        metavar="SECONDS",
        default=60.0,
        help="if the log goes to a URL: how long records may wait; default: 60",
    )
    parser.add_argument("--quiet", action="store_true", help="print no alerts while the program runs")
    add_rule_changes(parser)


def add_rule_changes(parser: Parser) -> None:
    """Adds the options of `RuleChanges`."""
    parser.add_argument("--only", action="append", metavar="ID", help="only this rule; may be repeated")
    parser.add_argument("--off", action="append", metavar="ID", help="without this rule; may be repeated")
    parser.add_argument("--set", action="append", metavar="RULE.THRESHOLD=NUMBER", help="changes a threshold")
    parser.add_argument("--severity", action="append", metavar="RULE=SEVERITY", help="changes the severity of a rule")


def _every(text: str) -> float | str:
    return text if text == "auto" else number(int, 1, 1e9)(text)
