"""A check of a whole data set to the JSON of the view "Data set"; pure."""

from __future__ import annotations

from tb_inputdiag.data_columns import ColumnPart, DataColumn, DataTable, data_tables
from tb_inputdiag.records import DataSummary
from tensorboard_plugin.inputdiag.cached_session import CachedSession
from tensorboard_plugin.inputdiag.encoding import number, numbers
from tensorboard_plugin.inputdiag.payload_runs import short_alert, standing_alerts
from tensorboard_plugin.inputdiag.payload_types import (
    DataAnswer,
    DataColumnInPart,
    DataColumnRow,
    DataOverlap,
    DataPartRow,
    DataTableRows,
)

__all__ = ["format_data"]

_MOST_COLUMNS = 256
"""Columns of a table that are sent; beyond it only those with an alert."""
_MOST_EXAMPLES = 8


def format_data(session: CachedSession, *, since: int) -> DataAnswer:
    """Returns the parts of a data set and their columns.

    Args:
        session: That of the check.
        since: The revision that the client has.
    """
    records = session.records
    revision = records.data_revision
    unchanged = 0 < revision <= since
    shown = [] if unchanged else records.data
    return DataAnswer(
        id=session.listed.id,
        revision=revision,
        unchanged=unchanged,
        parts=[_part(data) for data in shown],
        tables=[_table(table) for table in data_tables(shown, standing_alerts(records), _MOST_COLUMNS)],
    )


def _part(data: DataSummary) -> DataPartRow:
    return DataPartRow(
        part=data.part,
        examples=data.examples,
        n_bytes=data.n_bytes,
        elapsed_s=data.elapsed_s,
        copies=data.n_copies,
        relabelled=data.n_relabelled,
        compared=data.compared,
        first=data.copies[:_MOST_EXAMPLES].tolist(),
        originals=data.originals[:_MOST_EXAMPLES].tolist(),
        overlaps=[
            DataOverlap(
                other=overlap.other,
                examples=overlap.n_examples,
                first=overlap.examples[:_MOST_EXAMPLES].tolist(),
                originals=overlap.originals[:_MOST_EXAMPLES].tolist(),
            )
            for overlap in data.overlaps
        ],
    )


def _table(table: DataTable) -> DataTableRows:
    return DataTableRows(
        name=table.name,
        role=table.role,
        shape=None if table.shape is None else list(table.shape),
        n_columns=table.n_columns,
        columns=[_column(column) for column in table.columns],
        alerts=[short_alert(alert) for alert in table.findings],
    )


def _column(column: DataColumn) -> DataColumnRow:
    return DataColumnRow(
        name=column.name,
        parts=[_in_part(seen) for seen in column.parts],
        alerts=[short_alert(alert) for alert in column.findings],
    )


def _in_part(seen: ColumnPart) -> DataColumnInPart:
    return DataColumnInPart(
        part=seen.part,
        dtype=seen.dtype,
        values=seen.values,
        missing=seen.missing,
        min=number(seen.min),
        median=number(seen.median),
        max=number(seen.max),
        mean=number(seen.mean),
        std=number(seen.std),
        quantiles=numbers(seen.quantiles),
        distinct=seen.distinct,
        categories=dict(seen.categories),
    )
