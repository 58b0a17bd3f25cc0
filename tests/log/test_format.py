"""`docs/log-format.md` is enough to read a log: a reader made from it finds what ours finds."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_inputdiag
from tb_inputdiag.jsonable import to_jsonable
from tb_inputdiag.log.tables import TABLES
from tests.log import plain_reader, synthetic

PAGE = Path(__file__).parents[2] / "docs" / "log-format.md"


GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(params=["written now", "schema-1", "schema-2"])
def log_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param != "written now":
        return GOLDEN / str(request.param)
    synthetic.write(tmp_path, synthetic.Spec(samples=60, weights=5, declarations=True), per_flush=7)
    return tmp_path


def test_a_reader_made_from_the_document_finds_the_same(log_dir: Path) -> None:
    (path,) = log_dir.rglob("*.inputdiag")
    session = tb_inputdiag.read(log_dir).run.session
    records: list[tuple[int, str, Any]] = []
    columns: dict[str, dict[str, list[Any]]] = {name: {} for name in plain_reader.TABLES}
    numbers: dict[str, int] = {}
    last_head: Any = None
    for of_session, stream, segment, payload in plain_reader.payloads(path):
        assert of_session == session.id
        header, directory, body = plain_reader.split(payload)
        if stream == "head":
            last_head = plain_reader.head(directory, body)
            continue
        assert header["number"] == numbers.get(stream, 0)
        assert header["number"] // 8 == segment
        numbers[stream] = header["number"] + 1
        if header["kind"] == 1:
            documents = plain_reader.documents(directory, body)
            records += [(seq, kind, plain_reader.plain(fields, header["schema"])) for seq, kind, fields in documents]
        elif stream in columns and (stream == "losses" or header["layout"] == 0):
            for name, values in plain_reader.table(stream, directory, body).items():
                columns[stream].setdefault(name, []).extend(values)

    assert [numbers.get(stream, 0) for stream in _order()] == last_head["events"]
    alerts = {fields["id"]: fields for _, kind, fields in records if kind == "Alert"}
    assert {alert.id: alert.message for alert in session.alerts} == {i: a["message"] for i, a in alerts.items()}
    evidence = {alert.id: to_jsonable(alert.evidence) for alert in session.alerts}
    assert evidence == {number: to_jsonable(fields["evidence"]) for number, fields in alerts.items()}
    ranges = [fields for _, kind, fields in records if kind == "ExpectedRange"]
    assert ranges == [dataclasses.asdict(expected) for expected in session.expected_ranges]
    reasons = [fields["reason"] for _, kind, fields in records if kind == "NotJudged"]
    assert reasons == [found.reason for found in session.not_judged]
    pictures = {number: fields.get("picture") for number, fields in alerts.items()}
    assert to_jsonable(pictures) == to_jsonable({str(alert.id): alert.picture for alert in session.alerts})
    assert columns["losses"]["step"] == session.loss.step.tolist()
    assert np.array_equal(np.float32(columns["losses"]["loss"]), session.loss.values, equal_nan=True)
    assert columns["samples"]["step"] == session.sampled_loss.step.tolist()
    for name in ("loss", "gradient_norm", "learning_rate", "step_time_s", "wall_time"):
        assert np.array_equal(columns["samples"][name], session.scalar(name).values, equal_nan=True)
    weights = list(session.gradients)
    norms = np.float32(columns["weights"]["gradient_norm"]).reshape(-1, len(weights))
    ratios = np.float32(columns["weights"]["update_ratio"]).reshape(-1, len(weights))
    for place, name in enumerate(weights):
        assert np.array_equal(norms[:, place], session.gradients[name].norm.values, equal_nan=True)
        assert np.array_equal(ratios[:, place], session.weights[name].update_ratio.values, equal_nan=True)


def _order() -> list[str]:
    """Returns the streams in the order in which the document says that a head counts them."""
    text = " ".join(PAGE.read_text().split())
    match = re.search(r"in the order (session, [a-z, ]+samples);", text)
    assert match
    return match[1].split(", ")


def columns_text() -> str:
    """Returns the columns of all tables as the document lists them."""
    lines = []
    for table, columns in TABLES.items():
        parts = []
        for name, (kind, shape) in columns.items():
            beside = " x ".join(str(size) for size in shape if size != "R")
            parts.append((f"{name} {kind}" + (f"[{beside}]" if beside else "")).replace(" ", "~"))
        lines.append(textwrap.fill(f"{table}: {', '.join(parts)}", 110, subsequent_indent="    "))
    return "\n".join(lines).replace("~", " ")


def test_the_document_lists_every_column_with_its_type_and_shape() -> None:
    assert f"```text\n{columns_text()}\n```\n" in PAGE.read_text()
