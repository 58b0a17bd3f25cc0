"""``report``: gathers what the HTML page shows, and writes it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from tb_inputdiag.cli.arguments import ReportArguments
from tb_inputdiag.cli.curves import alert_chart, band_of
from tb_inputdiag.cli.gradients import gradient_rows
from tb_inputdiag.cli.inputs import expected_text, role_text, tensor_rows
from tb_inputdiag.cli.options import Chosen, Selection, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.summary import summary_lines
from tb_inputdiag.cli.terminal import Progress, Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.reader import Run
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.log.subjects import SubjectSeries
from tb_inputdiag.numbers import count, percent, short, size_bytes, whole
from tb_inputdiag.records import Images
from tb_inputdiag.report.charts import Chart, Line
from tb_inputdiag.report.data_tables import columns_of_parts
from tb_inputdiag.report.html import ReportTable, Section, render_html
from tb_inputdiag.urls import folder_name

__all__ = ["loss_chart", "report", "section_of"]

_MOST_INPUTS = 8
_MOST_WEIGHTS = 6
"""Curves in one chart: with more of them, their colours repeat."""


def report(arguments: ReportArguments, terminal: Terminal) -> int:
    """Writes the page.

    Raises:
        ConfigurationError: if the file cannot be written.
    """
    selection = select(arguments)
    progress = Progress("sessions", len(selection.sessions))
    sections = []
    for number, item in enumerate(selection.sessions):
        sections.append(section_of(item))
        progress.update(number + 1)
    progress.finish()
    page = _page(arguments.log_dir, selection, sections)
    if arguments.output == "-":
        terminal.stream.write(page)
    else:
        try:
            with open(arguments.output, "w", encoding="utf-8") as stream:
                stream.write(page)
        except OSError as error:
            raise ConfigurationError(f"--output {arguments.output!r} cannot be written: {error.strerror}.") from None
        terminal.print(f"{arguments.output}: {_counts(sections)}, {size_bytes(len(page.encode()))}")
    selection.warn()
    return CLEAN


def report_page(run: Run) -> str:
    """Returns the page of one run."""
    sections = [section_of(Chosen(run, session, run.name)) for session in run.sessions]
    subtitle = f"{_counts(sections)}, made {time.strftime('%Y-%m-%d %H:%M')}"
    return render_html(f"Input diagnostics of {run.name}", subtitle, sections, run.unreadable_files)


def _page(log_dir: str, selection: Selection, sections: Sequence[Section]) -> str:
    name = folder_name(log_dir)
    subtitle = f"{_counts(sections)}, made {time.strftime('%Y-%m-%d %H:%M')}"
    return render_html(f"Input diagnostics of {name}", subtitle, sections, selection.unreadable)


def _counts(sections: Sequence[Section]) -> str:
    found = sum(len(section.alerts) for section in sections)
    return f"{count(len(sections), 'session')}, {count(found, 'finding')}"


def section_of(item: Chosen) -> Section:
    """Returns what a page shows of a session."""
    session = item.session
    charts = {alert.id: alert_chart(session, alert) for alert in session.alerts}
    return Section(
        title=item.title,
        status=session.status,
        facts=[(label, text) for label, text in summary_lines(item) if label not in ("alerts", "loss")],
        alerts=session.alerts,
        curves={number: chart for number, chart in charts.items() if chart is not None},
        charts=_charts(session),
        tables=_tables(item),
        images=_images(session),
        not_judged=session.not_judged,
        degraded=session.degraded,
        problems=item.run.problems,
        steps=not session.data,
    )


def _charts(session: StoredSession) -> list[Chart]:
    if session.data:  # a data set has no steps
        return []
    charts = [loss_chart(session), *_input_charts(session)]
    if np.isfinite(session.gradient_norm.values).any():
        charts += _gradient_charts(session)
    rate = session.learning_rate
    if len(np.unique(rate.values[np.isfinite(rate.values)])) > 1:
        charts.append(Chart("Learning rate", [Line("learning rate", rate.step, rate.values)]))
    return charts


def loss_chart(session: StoredSession) -> Chart:
    """Returns the losses over time, with a mark where an alert opened."""
    marks = [(alert.first_step, alert.rule) for alert in session.alerts if alert.first_step > 0]
    lines = [Line("train", session.loss.step, session.loss.values)]
    validation = session.split("validation").scalar("loss")
    if len(validation):
        lines.append(Line("validation", validation.step, validation.values))
    return Chart("Loss", lines, log=True, marks=marks)


def _input_charts(session: StoredSession) -> list[Chart]:
    charts, entries = [], session.entries
    for name, row in list(session.inputs.items())[:_MOST_INPUTS]:
        charts.append(_range_chart(f"Input {name}, as fed", row))
        entry = entries.get(name)
        if entry is not None and not _same_values(row, entry):
            charts.append(_range_chart(f"Input {name}, at the first trainable layer", entry))
    return charts


def _same_values(first: SubjectSeries, second: SubjectSeries) -> bool:
    names = ("min", "max", "mean")
    return all(np.array_equal(getattr(first, n), getattr(second, n), equal_nan=True) for n in names)


def _range_chart(title: str, row: SubjectSeries) -> Chart:
    return Chart(title, [Line("mean", row.mean.step, row.mean.values)], [band_of(row.min, row.max)])


def _gradient_charts(session: StoredSession) -> list[Chart]:
    norm = session.gradient_norm
    names = _spread(list(session.gradients), _MOST_WEIGHTS)
    norms = {name: session.gradients[name].norm for name in names}
    ratios = {name: session.weights[name].update_ratio for name in names}
    return [
        Chart("Gradient norm of all weights", [Line("global norm", norm.step, norm.values)], log=True),
        Chart("Gradient norm by layer", [Line(n, s.step, s.values) for n, s in norms.items()], log=True),
        Chart("Size of update over size of weight", [Line(n, s.step, s.values) for n, s in ratios.items()], log=True),
    ]


def _spread(names: list[str], most: int) -> list[str]:
    """Returns at most `most` names, evenly spaced: early, middle and late layers. Kernels rather than biases."""
    kernels = [name for name in names if not name.endswith(("bias", "beta", "gamma"))] or names
    if len(kernels) <= most:
        return kernels
    return [kernels[round(i * (len(kernels) - 1) / (most - 1))] for i in range(most)]


def _tables(item: Chosen) -> list[ReportTable]:
    tensors = [
        [
            row.name,
            role_text(row),
            row.split,
            row.dtype,
            expected_text(row.expected) or "-",
            *(short(value) for value in (row.min, row.mean, row.max, row.std)),
            whole(row.nan_count + row.inf_count),
            percent(row.zero_fraction),
        ]
        for row in tensor_rows(item)
    ]
    weights = [
        [
            row.weight,
            *(short(value) for value in (row.first, row.median, row.last, row.max, row.update_ratio)),
            whole(row.nonfinite_samples),
        ]
        for row in gradient_rows(item)
    ]
    ranges = [
        [
            f"{found.subject}{' at its first trainable layer' if found.stage == 'entry' else ''}",
            expected_text([found]),
            found.rule,
            found.reason,
        ]
        for found in item.session.expected_ranges
    ]
    tensor_header = ["tensor", "role", "split", "dtype", "expected", "min", "mean", "max", "std", "NaN or inf", "zeros"]
    weight_header = ["weight", "first", "median", "last", "max", "update / weight", "samples with NaN"]
    columns = [
        ReportTable(table.title, table.header, table.rows, left=4, words=1, note=table.note)
        for table in columns_of_parts(item.session.data, item.session.alerts)
    ]
    tables = [
        *columns,
        ReportTable("Tensors", tensor_header, tensors, left=5),
        ReportTable("Expected ranges", ["tensor", "expected", "rule", "because"], ranges, left=4, long=True),
        ReportTable("Gradient norms", weight_header, weights),
    ]
    return [table for table in tables if table.rows]


def _images(session: StoredSession) -> list[Images]:
    """Returns the first and the last thumbnails of each input."""
    found: dict[tuple[str, str], list[Images]] = {}
    for images in session.images:
        found.setdefault((images.name, images.stage), []).append(images)
    return [images for some in found.values() for images in ([some[0], some[-1]] if len(some) > 1 else some)]
