"""The log of each schema version, as the dashboard shows it."""

import json
from pathlib import Path

import pytest
from tensorboard import context
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from tb_inputdiag.records import SCHEMA_VERSION
from tensorboard_plugin.inputdiag.encoding import dump
from tensorboard_plugin.inputdiag.payload_inputs import format_cards
from tensorboard_plugin.inputdiag.payload_runs import format_run
from tensorboard_plugin.inputdiag.provider import LogProvider
from tensorboard_plugin.inputdiag.session_cache import SessionCache

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture(params=range(1, SCHEMA_VERSION + 1), ids=lambda version: f"schema {version}")
def shown(request):
    """Schema version, the overview's answer and the input cards of a golden log."""
    multiplexer = EventMultiplexer(tensor_size_guidance={"inputdiag": 0})
    multiplexer.AddRunsFromDirectory(str(GOLDEN / f"schema-{request.param}"))
    multiplexer.Reload()
    provider = LogProvider(MultiplexerDataProvider(multiplexer, ""), "", context.RequestContext())
    cache = SessionCache()
    cache.scan(provider)
    with cache.using(next(iter(cache.sessions)), provider) as session:
        assert session is not None
        table, _ = session.read_table("tensors", lambda: True)
        session.read_table("samples", lambda: True)
        answer = format_run(session, since=0, server=cache.server, now=0.0)
        cards = format_cards(table.stats, session.records)
        assert session.problem == ""
    return request.param, json.loads(dump(answer)), json.loads(dump(cards))


def test_alerts_of_every_schema_are_shown(shown):
    version, answer, _ = shown
    assert answer["alerts"]
    for row in answer["alerts"]:
        assert len(row["order"]) == 5
        assert (row["alert"]["picture"] is None) == (version == 1), "schema 1 has no pictures: the page shows numbers"
        assert row["alert"]["picture"] or row["alert"]["evidence"]
        assert all(line["text"] for line in row["alert"]["consequences"])


def test_inputs_of_every_schema_are_shown(shown):
    version, _, cards = shown
    assert {card["layout"]["role"] for card in cards} >= {"input", "target"}
    assert all(card["views"] for card in cards)
    assert any(card["expected"] for card in cards) == (version > 1)
