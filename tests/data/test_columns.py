"""What every table of a data set shows: the columns in all parts, and the findings about each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tb_inputdiag
from tb_inputdiag.data_columns import DataColumn, data_tables
from tb_inputdiag.report.data_tables import columns_of_parts
from tests.data.real import mnist


def _frame(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": rng.normal(40, 5, n), "zip": rng.normal(50, 9, n), "city": rng.choice(["Rome", "Oslo"], n)}
    )
    frame.loc[:59, "age"] = np.nan
    frame["constant"] = 1.0
    return frame


@pytest.fixture(scope="module")
def checked() -> tb_inputdiag.DataCheck:
    held_out = _frame(200)
    held_out.loc[:19, "city"] = "Madrid"
    return tb_inputdiag.check_data(_frame(), validation_data=(held_out,), progress=False)


@pytest.fixture(scope="module")
def columns(checked: tb_inputdiag.DataCheck) -> dict[str, DataColumn]:
    tables = data_tables(list(checked.parts.values()), checked.alerts)
    return {column.name: column for table in tables for column in table.columns}


def test_a_column_has_its_numbers_in_each_part(columns: dict[str, DataColumn]) -> None:
    train, validation = columns["age"].parts
    assert (train.part, train.values, train.missing, train.missing_share) == ("train", 600, 60, 0.1)
    assert (validation.part, validation.values, validation.missing) == ("validation", 200, 60)
    known = _frame()["age"].dropna()
    assert (train.min, train.max) == (known.min(), known.max())
    assert train.mean == pytest.approx(known.mean())
    assert train.std == pytest.approx(known.std(ddof=0))
    assert train.median == pytest.approx(known.median(), rel=1e-6)


def test_categories_are_those_of_all_parts(columns: dict[str, DataColumn]) -> None:
    train, validation = columns["x/city"].parts
    assert (train.distinct, validation.distinct) == (2, 3)
    assert set(dict(train.categories)) == {"Rome", "Oslo"}
    assert dict(validation.categories)["Madrid"] == 20
    assert np.isnan(train.min)


def test_findings_are_at_their_columns(columns: dict[str, DataColumn]) -> None:
    rules = {name: {alert.rule for alert in column.findings} for name, column in columns.items()}
    assert "non-finite-input" in rules["age"]
    assert rules["constant"] == {"constant-feature"}
    assert rules["zip"] == set()
    assert {"dtype-mismatch", "rare-category"} <= rules["x/city"]


def test_what_concerns_several_columns_is_at_the_table() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3)) * (1e-3, 1, 1e4)
    found = tb_inputdiag.check_data(x, progress=False)
    (table,) = data_tables([found.train], found.alerts)
    assert "feature-scale-disparity" in {alert.rule for alert in table.findings}
    assert not any(column.findings for column in table.columns)


def test_the_rows_of_an_image_are_not_columns() -> None:
    x, y = mnist()
    found = tb_inputdiag.check_data(x[:500], y[:500], progress=False)
    image, label = data_tables([found.train], found.alerts)
    assert (image.n_columns, [column.name for column in image.columns]) == (1, ["x"])
    (seen,) = image.columns[0].parts
    assert (seen.min, seen.max) == (0, 255)
    assert seen.mean == pytest.approx(x[:500].mean())
    assert seen.std == pytest.approx(x[:500].std())
    assert dict(label.columns[0].parts[0].categories) == {str(i): int(n) for i, n in enumerate(np.bincount(y[:500]))}


def test_a_wide_table_is_cut_but_keeps_what_was_found() -> None:
    x = np.random.default_rng(0).normal(size=(600, 40))
    x[:, 35] = 7.0
    found = tb_inputdiag.check_data(x, progress=False)
    (table,) = data_tables([found.train], found.alerts, most=10)
    assert table.n_columns == 40
    assert [column.name for column in table.columns] == [*map(str, range(10)), "35"]


def test_a_page_has_a_row_for_each_column_and_part(checked: tb_inputdiag.DataCheck) -> None:
    (table,) = columns_of_parts(list(checked.parts.values()), checked.alerts)
    rows = {(row[0], row[1]): dict(zip(table.header, row, strict=True)) for row in table.rows}
    assert len(table.rows) == 8
    assert rows["age", "validation"]["missing"] == "30 %"
    assert rows["age", "train"]["findings"] == "ERROR non-finite-input"
    assert rows["x/city", "validation"]["distribution"].startswith(("Rome: ", "Oslo: "))
    bars = rows["zip", "train"]["distribution"]
    assert len(bars) == 16
    assert bars.index("█") in range(4, 12)  # a normal distribution is highest in the middle
    assert "".join(rows["constant", "train"]["distribution"]) == ""
    for shown in (checked._repr_html_(),):
        assert "ERROR non-finite-input" in shown
        assert bars in shown
