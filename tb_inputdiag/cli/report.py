"""``report``: gathers what the HTML page shows, and writes it."""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

from tb_inputdiag.cli.options import Chosen, count, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.quantities import gradient_rows, tensor_rows
from tb_inputdiag.cli.summary import summary_lines
from tb_inputdiag.cli.terminal import Progress, Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.subjects import SubjectSeries
from tb_inputdiag.records import Images
from tb_inputdiag.report import format_number
from tb_inputdiag.report.charts import Band, Chart, Line
from tb_inputdiag.report.html import Section, Table, render_html

__all__ = ["report"]

_MOST_INPUTS = 8
_MOST_WEIGHTS = 6
"""Curves in one picture: more cannot be told apart."""


def report(options: argparse.Namespace, terminal: Terminal) -> int:
    """Writes the page.

    Raises:
        ConfigurationError: if the file cannot be written.
    """
    selection = select(options)
    chosen = selection.sessions
    progress = Progress("sessions", len(chosen))
    sections = []
    for number, item in enumerate(chosen):
        sections.append(_section(item))
        progress.update(number + 1)
    progress.finish()
    name = os.path.basename(os.path.abspath(options.log_dir)) or options.log_dir
    made = time.strftime("%Y-%m-%d %H:%M")
    findings = sum(len(section.alerts) for section in sections)
    page = render_html(
        f"Input diagnostics of {name}",
        f"{count(len(chosen), 'session')}, {count(findings, 'finding')}, made {made}",
        sections,
        selection.unreadable,
    )
    if options.output == "-":
        terminal.stream.write(page)
    else:
        try:
            with open(options.output, "w", encoding="utf-8") as stream:
                stream.write(page)
        except OSError as error:
            raise ConfigurationError(f"--output {options.output!r} cannot be written: {error.strerror}.") from None
        terminal.print(
            f"{options.output}: {count(len(chosen), 'session')}, {count(findings, 'finding')}, {len(page):,} bytes"
        )
    selection.warn()
    return CLEAN


def _section(item: Chosen) -> Section:
    session = item.session
    return Section(
        title=item.title,
        status=session.status,
        facts=[(label, text) for label, text in summary_lines(item) if label not in ("alerts", "loss")],
        alerts=session.alerts,
        charts=_charts(item),
        tables=_tables(item),
        images=_images(item),
        problems=item.run.problems,
    )


def _charts(item: Chosen) -> list[Chart]:
    session = item.session
    marks = [(alert.first_step, alert.rule) for alert in session.alerts if alert.first_step > 0]
    charts = [
        Chart("Loss of each step", [Line("train", session.loss.step, session.loss.values)], log=True, marks=marks)
    ]
    validation = session.split("validation").scalar("loss")
    if len(validation):
        charts[0] = Chart(
            "Loss", [*charts[0].lines, Line("validation", validation.step, validation.values)], (), True, marks
        )
    entries = session.entries
    for name, row in list(session.inputs.items())[:_MOST_INPUTS]:
        charts.append(_input_chart(f"Input {name}, as fed", row))
        entry = entries.get(name)
        if entry is not None and not _same_values(row, entry):
            charts.append(_input_chart(f"Input {name}, at the first trainable layer", entry))
    gradient = session.gradient_norm
    if np.isfinite(gradient.values).any():
        charts.append(
            Chart("Gradient norm, all weights", [Line("global norm", gradient.step, gradient.values)], log=True)
        )
        names = _spread(list(session.gradients), _MOST_WEIGHTS)
        norms = {name: session.gradients[name].norm for name in names}
        charts.append(
            Chart("Gradient norm through depth", [Line(n, s.step, s.values) for n, s in norms.items()], log=True)
        )
        ratios = {name: session.weights[name].update_ratio for name in names}
        lines = [Line(n, s.step, s.values) for n, s in ratios.items()]
        charts.append(Chart("Size of the update over the weight", lines, log=True))
    rate = session.learning_rate
    if len(rate) and len(np.unique(rate.values[np.isfinite(rate.values)])) > 1:
        charts.append(Chart("Learning rate", [Line("learning rate", rate.step, rate.values)]))
    return charts


def _spread(names: list[str], most: int) -> list[str]:
    """Returns at most `most` names, evenly spaced: early, middle and late layers. Kernels rather than biases."""
    kernels = [name for name in names if not name.endswith(("bias", "beta", "gamma"))] or names
    if len(kernels) <= most:
        return kernels
    return [kernels[round(i * (len(kernels) - 1) / (most - 1))] for i in range(most)]


def _same_values(first: SubjectSeries, second: SubjectSeries) -> bool:
    names = ("min", "max", "mean")
    return all(np.array_equal(getattr(first, n), getattr(second, n), equal_nan=True) for n in names)


def _input_chart(title: str, row: SubjectSeries) -> Chart:
    mean, low, high = row.mean, row.min, row.max
    band = Band("min to max", low.step, low.values, high.values)
    if not np.array_equal(low.step, high.step):  # a damaged log can lack a part of one of them
        steps, at_low, at_high = np.intersect1d(low.step, high.step, return_indices=True)
        band = Band("min to max", steps, low.values[at_low], high.values[at_high])
    return Chart(title, [Line("mean", mean.step, mean.values)], [band])


def _tables(item: Chosen) -> list[Table]:
    inputs = [
        [
            row["name"],
            row["split"],
            row["kind"],
            row["dtype"],
            *(format_number(row[name]) for name in ("min", "mean", "max", "std")),
            f"{row['nan_count'] + row['inf_count']:,}",
            f"{100 * row['zero_fraction']:.1f} %",
        ]
        for row in tensor_rows(item)
    ]
    gradients = [
        [
            row["weight"],
            *(format_number(row[name]) for name in ("first", "median", "last", "max")),
            format_number(row["update_ratio"]),
            f"{row['nonfinite_samples']:,}",
        ]
        for row in gradient_rows(item)
    ]
    tables = []
    if inputs:
        header = ["tensor", "split", "group", "dtype", "min", "mean", "max", "std", "NaN or inf", "zeros"]
        tables.append(Table("Tensors", header, inputs))
    if gradients:
        header = ["weight", "first", "median", "last", "max", "update / weight", "samples with NaN"]
        tables.append(Table("Gradient norms", header, gradients))
    return tables


def _images(item: Chosen) -> list[Images]:
    """Returns the first and the last thumbnails of each input."""
    found: dict[tuple[str, str], list[Images]] = {}
    for images in item.session.images:
        found.setdefault((images.name, images.stage), []).append(images)
    return [images for some in found.values() for images in ([some[0], some[-1]] if len(some) > 1 else some)]
