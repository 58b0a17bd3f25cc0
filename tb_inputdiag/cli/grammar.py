"""The grammar of the command line: the commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TypeAlias

from tb_inputdiag._version import __version__
from tb_inputdiag.cli import arguments as args
from tb_inputdiag.cli.grammar_of_run import SEVERITIES, add_rule_changes, add_run
from tb_inputdiag.cli.parser import CLEAN, FINDINGS, UNREADABLE, Parser, number

__all__ = ["make_parser"]

_Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

_EPILOG = f"""\
examples:
  tb-inputdiag run train.py                  a program, watched while it trains
  tb-inputdiag summary logs                  which runs there are, how they did
  tb-inputdiag alerts logs                   the findings, with their fixes
  tb-inputdiag check logs --fail-on WARNING  for CI: exit code 1 if there is one
  tb-inputdiag watch logs                    a live run in the terminal
  tb-inputdiag report logs -o report.html    one file to mail
  tb-inputdiag replay logs --set unnormalized-input.max_pixel=300
  tb-inputdiag data train.csv --target price a whole data set, before training

exit codes: {CLEAN} done (check, data: nothing found), {FINDINGS} they found something; explain: unknown kind,
            {UNREADABLE} cannot read the log, or wrong arguments
"""


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
    for add in (
        add_run,
        _add_summary,
        _add_alerts,
        _add_inputs,
        _add_gradients,
        _add_compare,
        _add_replay,
        _add_check,
        _add_data,
        _add_baseline,
        _add_watch,
        _add_export,
        _add_report,
        _add_sync,
        _add_rules,
        _add_explain,
    ):
        add(commands)
    return parser


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
        parser.add_argument("--min-severity", choices=SEVERITIES, type=str.upper, help="leave out less severe alerts")
    parser.add_argument("--rule", action="append", metavar="ID", help="only this rule; may be repeated")
    parser.add_argument("--open", action="store_true", help="leave out resolved alerts")


def _add_summary(commands: _Commands) -> None:
    _add(
        commands,
        "summary",
        "summary:summary",
        args.SummaryArguments,
        "which runs there are, and how they did",
        examples="  tb-inputdiag summary logs\n"
        "  tb-inputdiag summary logs --run 'resnet-*' --last\n"
        "  tb-inputdiag summary s3://bucket/logs          # with tb-inputdiag[remote] and s3fs",
    )


def _add_alerts(commands: _Commands) -> None:
    parser = _add(
        commands,
        "alerts",
        "findings:alerts",
        args.AlertsArguments,
        "the findings, worst first, with numbers and fixes",
        examples="  tb-inputdiag alerts logs --min-severity WARNING\n"
        "  tb-inputdiag alerts logs --format json | jq '.[].rule'",
    )
    parser.add_argument("--short", action="store_true", help="one sentence for each")
    _add_filter(parser)


def _add_inputs(commands: _Commands) -> None:
    _add(
        commands,
        "inputs",
        "inputs:inputs",
        args.InputsArguments,
        "statistics of the inputs, targets and outputs of sampled batches",
        examples="  tb-inputdiag inputs logs --last\n"
        "  tb-inputdiag inputs logs --format json | jq '.[] | {name, min, max}'",
    )


def _add_gradients(commands: _Commands) -> None:
    parser = _add(
        commands,
        "gradients",
        "gradients:gradients",
        args.GradientsArguments,
        "gradient norms of each trainable weight",
        examples="  tb-inputdiag gradients logs --last --top 10",
    )
    parser.add_argument("--top", type=number(int, 1, 1e6), metavar="N", help="only the N largest, largest first")


def _add_compare(commands: _Commands) -> None:
    parser = _add(
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
    parser.add_argument(
        "first", metavar="RUN", help="a folder with one run, FOLDER::RUN, or FOLDER::RUN::SESSION; default: its latest"
    )
    parser.add_argument("second", metavar="RUN")


def _add_replay(commands: _Commands) -> None:
    parser = _add(
        commands,
        "replay",
        "replay:replay",
        args.ReplayArguments,
        "judge a log again, with other thresholds or newer rules",
        examples="  tb-inputdiag replay logs\n"
        "  tb-inputdiag replay logs --set unnormalized-input.max_pixel=300\n"
        "  tb-inputdiag replay logs --only unnormalized-input --full\n"
        "  tb-inputdiag replay logs --off class-imbalance --severity stalled-loss=INFO",
    )
    add_rule_changes(parser)
    parser.add_argument("--full", action="store_true", help="whole alerts, with numbers and fixes")
    _add_filter(parser)


def _add_check(commands: _Commands) -> None:
    parser = _add(
        commands,
        "check",
        "check:check",
        args.CheckArguments,
        "exit code 1 if there is a finding, for CI",
        formats=("text", "json", "github"),
        examples="  tb-inputdiag check logs --fail-on WARNING --junit findings.xml\n"
        "  tb-inputdiag check logs --format github    # annotations of a workflow",
    )
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        type=str.upper,
        default="WARNING",
        help="lowest severity that counts (WARNING)",
    )
    parser.add_argument("--junit", metavar="FILE", help="also write a JUnit report")
    parser.add_argument("--baseline", metavar="FILE", help="also compare the inputs with this file of `baseline`")
    _add_filter(parser, severity=False)


def _add_data(commands: _Commands) -> None:
    parser = _add(
        commands,
        "data",
        "data:data",
        args.DataArguments,
        "checks a whole data set before training; exit code 1 if there is a finding",
        log_dir=False,
        formats=("text", "json", "github"),
        examples="  tb-inputdiag data train.csv --target price --validation val.csv\n"
        "  tb-inputdiag data mnist.npz --loss sparse_categorical_crossentropy\n"
        "  tb-inputdiag data photos/train --validation photos/val --log-dir logs\n"
        "  tb-inputdiag data *.tfrecord --parser my_project.records:parse",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="npz, npy, csv, Parquet or TFRecord files, or a folder with a folder of images for each class",
    )
    parser.add_argument("--validation", action="append", metavar="FILE", help="validation data; may be repeated")
    parser.add_argument("--test", action="append", metavar="FILE", help="test data; may be repeated")
    parser.add_argument("--target", metavar="COLUMN", help="the column, or the array of an npz file, to predict")
    parser.add_argument(
        "--parser",
        dest="record_parser",
        metavar="MODULE:FUNCTION",
        help="makes (x, y) of the bytes of a TFRecord's record",
    )
    parser.add_argument("--loss", metavar="NAME", help="the loss that the model will have: labels are judged by it")
    parser.add_argument("--baseline", metavar="FILE", help="compare the data with this file of `baseline`")
    parser.add_argument("--log-dir", metavar="DIR", help="write a log for the dashboard and the report")
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        type=str.upper,
        default="WARNING",
        help="lowest severity that counts (WARNING)",
    )
    add_rule_changes(parser)


def _add_baseline(commands: _Commands) -> None:
    parser = _add(
        commands,
        "baseline",
        "baseline:baseline",
        args.BaselineArguments,
        "what the inputs of a good run were like, as JSON to compare later runs with",
        formats=(),
        examples="  tb-inputdiag baseline logs -o inputs.json\n"
        "  tb-inputdiag check logs-of-today --baseline inputs.json",
    )
    parser.add_argument("-o", "--output", metavar="FILE", default="-", help="default: standard output")


def _add_watch(commands: _Commands) -> None:
    parser = _add(
        commands,
        "watch",
        "watch:watch",
        args.WatchArguments,
        "a live run in the terminal; in a pipe, alerts when they open",
        formats=(),
        examples="  tb-inputdiag watch logs\n  tb-inputdiag watch logs --until-end > alerts.txt",
    )
    parser.add_argument(
        "--interval", type=number(float, 0.1, 3600, "seconds"), default=2.0, metavar="SECONDS", help="default: 2"
    )
    parser.add_argument("--once", action="store_true", help="show the present state and return")
    parser.add_argument(
        "--until-end",
        action="store_true",
        help="return when no session runs any more, and no further fit has begun for 10 s",
    )
    _add_filter(parser)


def _add_export(commands: _Commands) -> None:
    parser = _add(
        commands,
        "export",
        "export:export",
        args.ExportArguments,
        "a table of the log as csv, json or parquet",
        formats=(),
        examples="  tb-inputdiag export logs losses -o losses.csv\n"
        "  tb-inputdiag export logs weights -o weights.parquet",
    )
    parser.add_argument(
        "table", choices=("losses", "samples", "inputs", "weights", "layers", "epochs", "alerts"), help="what to write"
    )
    parser.add_argument("--format", choices=("csv", "json", "parquet"), help="default: by the file's name, else csv")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


def _add_report(commands: _Commands) -> None:
    parser = _add(
        commands,
        "report",
        "report:report",
        args.ReportArguments,
        "one self-contained HTML file with findings, curves and thumbnails",
        formats=(),
        examples="  tb-inputdiag report logs -o report.html",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="report.html", help="default: report.html; - for standard output"
    )


def _add_sync(commands: _Commands) -> None:
    parser = _add(
        commands,
        "sync",
        "sync:sync",
        args.SyncArguments,
        "uploads a log that is not, or not all, at its URL",
        log_dir=False,
        formats=(),
        examples="  tb-inputdiag sync                             # the spools that processes have left\n"
        "  tb-inputdiag sync ~/.cache/tb_inputdiag/spool/bucket-run-1-20261127T093000-4f1a2b\n"
        "  tb-inputdiag sync logs s3://bucket/logs       # a local log, with what makes reading it quick",
    )
    parser.add_argument("folder", nargs="?", metavar="SPOOL", help="a spool, or a local log_dir")
    parser.add_argument("url", nargs="?", metavar="URL", help="where to; default: what the spool says")
    parser.add_argument("--keep", action="store_true", help="do not delete the spool when all of it is uploaded")


def _add_rules(commands: _Commands) -> None:
    parser = _add(
        commands,
        "rules",
        "rules:rules",
        args.RulesArguments,
        "the rules, or the documentation of one",
        log_dir=False,
        examples="  tb-inputdiag rules\n  tb-inputdiag rules unnormalized-input      # with its thresholds",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a rule, e.g. unnormalized-input")


def _add_explain(commands: _Commands) -> None:
    parser = _add(
        commands,
        "explain",
        "explain:explain",
        args.ExplainArguments,
        "what an exception of Keras means, and the line that mends it",
        log_dir=False,
        examples='  tb-inputdiag explain "ValueError: You must call `compile()` before using the model."\n'
        "  python train.py 2>&1 | tb-inputdiag explain      # the last traceback on standard input",
    )
    parser.add_argument(
        "message", nargs="?", metavar="MESSAGE", help="the message, or a traceback; default: standard input"
    )
