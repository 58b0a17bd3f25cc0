"""Records come back from bytes as they were."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tb_inputdiag.errors import ConfigurationError, LogCorruptError, LogError, LogVersionError
from tb_inputdiag.log import blocks, tables
from tb_inputdiag.log.codec import EVENTS_PER_TAG, Numbered, Tag, decode_event, parse_tag, validate_session
from tb_inputdiag.log.encoder import Encoder
from tb_inputdiag.log.index import index_events
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.records import Layout, Losses, Record, Sample
from tests.log import synthetic
from tests.log.strategies import any_records, same

SESSION = "s-1"
Events = list[tuple[str, int, bytes]]


def encode(records: Sequence[Record], *, per_flush: int = 100) -> Events:
    """Returns (tag, step, payload) of the records, as the writer would number them."""

    def fail(records: Sequence[Record], error: Exception) -> None:
        raise error

    encoder, events = Encoder(fail), []
    numbered = [Numbered(seq, record) for seq, record in enumerate(records)]
    for start in range(0, len(numbered), per_flush):
        for payload in encoder.encode(numbered[start : start + per_flush]):
            segment = (encoder.events[payload.stream] - 1) // EVENTS_PER_TAG
            events.append((str(Tag(SESSION, payload.stream, segment)), len(events), payload.data))
    return events


def decode(events: Events) -> list[Record]:
    session = StoredSession(index_events(SESSION, events))
    found = list(session.records())
    assert not session.index.damage.frames
    assert not [problem for problem in session.problems if "not readable" in problem]
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_records, st.integers(1, 9))
def test_records_come_back_bit_for_bit_and_in_order(records: list[Record], per_flush: int) -> None:
    found = decode(encode(records, per_flush=per_flush))
    assert len(found) == len(records)
    for before, after in zip(records, found, strict=True):
        assert same(before, after), (before, after)


def test_as_many_classes_as_features_with_the_same_numbers_come_back() -> None:
    sizes = {"R": 2, "T": 1, "F": 2, "C": 2}
    columns = {
        name: np.zeros([sizes[n] if isinstance(n, str) else n for n in dims], kind)
        for name, (kind, dims) in tables.TABLES["tensors"].items()
    }
    columns["feature_std"] = columns["class_counts"] = np.array([[0, 1], [2, 3]], np.float32)
    found = tables.EncodedColumns("tensors", *tables.encode_table("tensors", columns), rows=2)
    np.testing.assert_array_equal(found["class_counts"], columns["class_counts"])


@pytest.mark.parametrize("per_flush", [1, 7, 1000])
def test_a_realistic_session_comes_back(per_flush: int) -> None:
    records = list(synthetic.records(synthetic.Spec(samples=40, weights=20)))
    assert all(map(same, records, decode(encode(records, per_flush=per_flush))))


def test_since_and_until_cut_the_records() -> None:
    records = list(synthetic.records(synthetic.Spec(samples=30)))
    session = StoredSession(index_events(SESSION, encode(records, per_flush=11)))
    found = list(session.numbered(since=17, until=60))
    assert [item.seq for item in found] == list(range(17, 60))
    assert all(same(records[item.seq], item.record) for item in found)


@settings(max_examples=200, deadline=None)
@given(
    npst.arrays(
        st.sampled_from(["<i8", "<i4", "<u4", "<u1", "<f4", "<f8"]),
        npst.array_shapes(max_dims=3, min_side=0, max_side=40),
    ),
    st.booleans(),
)
def test_a_column_comes_back_bit_for_bit(array: Any, delta: bool) -> None:
    flags, payload = blocks.encode_column(array, delta=delta)
    found = blocks.decode_column(flags, payload, array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


def test_constant_and_equal_columns_cost_next_to_nothing() -> None:
    assert len(blocks.encode_column(np.full((50, 161), np.nan, np.float32))[1]) == 4
    row = np.random.default_rng(0).normal(size=161).astype(np.float32)
    assert len(blocks.encode_column(np.tile(row, (50, 1)))[1]) <= row.nbytes
    steps = np.arange(0, 5000, 10)
    assert len(blocks.encode_column(steps, delta=True)[1]) < 60


@pytest.mark.parametrize(
    ("weights", "inputs", "limit"), [(161, 3, 8192), (4, 1, 2048)], ids=["161 weights", "small CNN"]
)
def test_a_sample_takes_no_more_than_its_share(weights: int, inputs: int, limit: int) -> None:
    spec = synthetic.Spec(samples=100, weights=weights, inputs=inputs, images=False, validation=False)
    records = [record for record in synthetic.records(spec) if isinstance(record, (Sample, Losses))]
    # Ten samples in a flush: a step of 20 ms, every fifth sampled.
    events = encode(records, per_flush=20)
    size = sum(len(data) + len(tag) + 60 for tag, _, data in events)
    assert size / spec.samples < limit


def test_columns_are_decoded_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from tb_inputdiag.log import tables

    events = encode(list(synthetic.records(synthetic.Spec(samples=50))))
    decoded: list[tuple[int, ...]] = []
    real = tables.decode_column

    def counting(flags: int, payload: bytes, dtype: Any, shape: tuple[int, ...]) -> Any:
        decoded.append(shape)
        return real(flags, payload, dtype, shape)

    monkeypatch.setattr(tables, "decode_column", counting)
    session = StoredSession(index_events(SESSION, events))
    assert len(session.gradients["conv2d/kernel"].norm) == 50
    chunks = len(session.index.payloads["weights"])
    assert len(decoded) <= 3 * chunks  # seq, step, gradient_norm


@pytest.mark.parametrize(
    "tag", ["", "a/b", "a/b/c", "a/b/-1", "a/b/1/2", "/b/1", "a b/c/1", "a/b/٣"], ids=lambda tag: repr(tag)
)
def test_tags_of_other_plugins_are_ignored(tag: str) -> None:
    assert parse_tag(tag) in (None, Tag("a", "b", 3))
    assert decode_event("loss/x", 0, b"") is None


@pytest.mark.parametrize("session", ["", "a/b", " ", None, 3, "x" * 300, "ä"])
def test_a_session_id_that_is_no_tag_is_refused(session: Any) -> None:
    with pytest.raises(ConfigurationError, match="session must be"):
        validate_session(session)


def test_a_newer_format_is_named() -> None:
    tag, step, data = encode(list(synthetic.records(synthetic.Spec(samples=1))))[0]
    newer = data[:1] + b"\x09" + data[2:]
    with pytest.raises(LogVersionError, match=r"format version 9.*Upgrade"):
        decode_event(tag, step, newer)


def _touch_all(tag: str, data: bytes) -> None:
    chunk = decode_event(tag, 0, data)
    assert chunk is not None
    if chunk.header.kind == 1:
        chunk.documents()
    elif chunk.header.kind == 2:
        dict(chunk.columns)
        if chunk.stream == "losses":
            chunk.losses()
    else:
        chunk.head()


@functools.cache
def _payloads() -> list[tuple[str, bytes]]:
    events = encode(list(synthetic.records(synthetic.Spec(samples=12, weights=5))), per_flush=200)
    return [(tag, data) for tag, _, data in events]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_payloads_raise_log_errors_only(data: st.DataObject) -> None:
    tag, payload = data.draw(st.sampled_from(_payloads()))
    mutated = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        mutated[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(mutated)))
    for candidate in (bytes(mutated), bytes(mutated[:cut]), _with_valid_checksum(bytes(mutated))):
        with contextlib.suppress(LogError):  # anything else fails the test
            _touch_all(tag, candidate)


def _with_valid_checksum(payload: bytes) -> bytes:
    """Returns the payload with a header checksum that fits: damage that no checksum shows."""
    length = int.from_bytes(payload[8:12], "little")
    return payload[:4] + blocks.crc32c(payload[8:length]).to_bytes(4, "little") + payload[8:]


def test_a_flipped_bit_in_a_column_costs_that_column_only() -> None:
    records = list(synthetic.records(synthetic.Spec(samples=20)))
    events = encode(records)
    place = next(i for i, event in enumerate(events) if "/weights/" in event[0])
    tag, step, data = events[place]
    events[place] = (tag, step, data[:-1] + bytes([data[-1] ^ 1]))  # the last column: update_ratio
    session = StoredSession(index_events(SESSION, events))
    assert len(session.gradients["conv2d/kernel"].norm) == 20
    assert len(session.weights["conv2d/kernel"].update_ratio) == 0
    assert any("checksum" in problem for problem in session.problems)


def test_records_that_do_not_fit_the_schema_are_left_out_and_the_rest_is_kept() -> None:
    spec = synthetic.Spec(samples=3, validation=False)
    good = [record for record in synthetic.records(spec) if isinstance(record, Sample)]
    assert good[0].weights is not None
    bad_table = dataclasses.replace(good[0].weights, weight_norm=np.zeros(99, np.float32))
    bad = dataclasses.replace(good[0], weights=bad_table)
    failed: list[Record] = []
    encoder = Encoder(lambda records, error: failed.extend(records))
    payloads = list(encoder.encode([Numbered(i, record) for i, record in enumerate([good[0], bad, good[1]])]))
    assert failed == [bad]
    assert {payload.rows for payload in payloads} == {2}


def test_damage_is_a_log_error() -> None:
    with pytest.raises(LogCorruptError, match="fewer than its header"):
        decode_event("s/samples/0", 0, b"\xd1\x01")


def test_a_chunk_that_does_not_fit_its_layout_is_left_out_and_reported() -> None:
    records = list(synthetic.records(synthetic.Spec(samples=10, weights=6, validation=False)))
    place = next(i for i, record in enumerate(records) if isinstance(record, Layout))
    layout = records[place]
    assert isinstance(layout, Layout)
    records[place] = dataclasses.replace(layout, weights=(*layout.weights, "one/more"))
    session = StoredSession(index_events(SESSION, encode(records)))
    assert len(session.gradients["conv2d/kernel"].norm) == 0
    samples = [record for record in session.records() if isinstance(record, Sample)]
    assert len(samples) == 10
    assert all(sample.weights is None and sample.layers is not None for sample in samples)
    assert any("its layout 0 names 7" in problem for problem in session.problems)
