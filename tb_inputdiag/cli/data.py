"""``data``: checks a whole data set in files, before training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tb_inputdiag.cli.arguments import DataArguments
from tb_inputdiag.cli.check import annotation
from tb_inputdiag.cli.options import print_json
from tb_inputdiag.cli.parser import CLEAN, FINDINGS
from tb_inputdiag.cli.replay import parse_rules
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.datacheck import DataCheck
from tb_inputdiag.datacheck.check import check_sources
from tb_inputdiag.datacheck.files import open_files
from tb_inputdiag.datacheck.images import ImageFolder
from tb_inputdiag.datacheck.sources import Source
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.numbers import whole
from tb_inputdiag.records import Part, Severity
from tb_inputdiag.report.ansi import clean

__all__ = ["data"]

_MOST_FILES = 5


def data(arguments: DataArguments, terminal: Terminal) -> int:
    """Prints statistics and findings. Returns 1 if there is a finding of a severity or worse."""
    sources = _sources(arguments)
    found = check_sources(
        sources,
        loss=arguments.loss,
        log_dir=arguments.log_dir,
        baseline=arguments.baseline,
        rules=parse_rules(arguments),
        progress=arguments.format == "text",
    )
    match arguments.format:
        case "json":
            print_json(_as_json(found), terminal)
        case "github":
            for alert in found.alerts:
                terminal.print(annotation(arguments.files[0], alert))
        case _:
            terminal.print(found.text(terminal.width, terminal.color))
            for line in _file_lines(sources, found):
                terminal.print(line)
    worst = found.worst()
    return FINDINGS if worst is not None and worst >= Severity.parse(arguments.fail_on) else CLEAN


def _sources(arguments: DataArguments) -> dict[Part, Source]:
    sources = open_files(arguments.files, arguments.target, arguments.record_parser)
    held_out: tuple[tuple[Part, object], ...] = (("validation", arguments.validation), ("test", arguments.test))
    for part, paths in held_out:
        if not isinstance(paths, list):
            continue
        more = open_files(paths, arguments.target, arguments.record_parser)
        if len(more) > 1:
            raise ConfigurationError(f"--{part} takes one part of a data set. {paths[0]!r} holds {', '.join(more)}.")
        sources[part] = next(iter(more.values()))
    return sources


def _file_lines(sources: Mapping[Part, Source], found: DataCheck) -> Iterator[str]:
    """Yields the files of the examples that are named: of copies, of common ones, of other shapes."""
    named: dict[Part, set[int]] = {part: set() for part in found.parts}
    for part, data in found.parts.items():
        named[part].update(data.copies[:_MOST_FILES].tolist(), data.originals[:_MOST_FILES].tolist())
        for tensor in data.tensors:
            named[part].update(item.first for item in tensor.shapes[1:_MOST_FILES])
        for overlap in data.overlaps:
            named[part].update(overlap.examples[:_MOST_FILES].tolist())
            named[overlap.other].update(overlap.originals[:_MOST_FILES].tolist())
    for part, examples in named.items():
        source = sources[part]
        if isinstance(source, ImageFolder):
            for example in sorted(examples):
                yield f"{part} example {whole(example)}: {clean(str(source.examples[example]))}"


def _as_json(found: DataCheck) -> dict[str, object]:
    """Returns the result as it is written: what the rules found, and the statistics of each part."""
    return {
        "alerts": found.alerts,
        "parts": found.parts,
        "not_judged": found.not_judged,
        "run_dir": found.run_dir,
    }
