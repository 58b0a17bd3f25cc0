import base64
import json
import math
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from tests.plugin import scenarios


def test_every_run_has_a_verdict(server):
    _, answer = server.get("runs")
    rows = {row["run"]: row for row in answer["runs"]}
    assert rows["healthy"]["verdict"] == "healthy"
    assert (rows["unscaled"]["verdict"], rows["unscaled"]["warnings"], rows["unscaled"]["resolved"]) == (
        "warning",
        1,
        1,
    )
    assert (rows["exploded"]["verdict"], rows["exploded"]["end"]) == ("error", "stopped")
    assert (rows["mismatched"]["verdict"], rows["mismatched"]["end"]) == ("error", "failed")
    assert rows["mismatched"]["failure"] == "ValueError"
    assert 0 < rows["healthy"]["cost_share"] < 1


def test_only_what_changed_is_sent_again(server):
    _, first = server.get("runs")
    _, again = server.get("runs", since=first["revision"])
    assert (again["complete"], again["runs"], again["server"]) == (False, [], first["server"])


def test_nothing_is_missing(server):
    key = server.id_of("unscaled")
    server.read("series", id=key, q=["samples:train:loss", "losses:loss"])
    _, answer = server.get("run", id=key)
    made = answer["completeness"]
    assert made["proven"]
    assert (made["samples_read"], made["losses_read"], made["alerts_read"]) == (305, 300, 3)
    assert all(made[f"{what}_read"] == made[f"{what}_logged"] for what in ("samples", "losses", "alerts"))
    assert {row["alert"]["rule"] for row in answer["alerts"]} == {
        "unnormalized-input",
        "integer-input",
        "vanishing-gradient",
    }
    _, news = server.get("run", id=key, since=answer["revision"])
    assert (news["alerts"], news["epochs"]) == ([], [])


def test_the_columns_of_a_data_set(servers):
    server = servers["fast"]
    key = server.id_of("table")
    _, answer = server.get("data", id=key)
    train, validation = answer["parts"]
    assert (train["part"], train["examples"], train["copies"], train["overlaps"]) == ("train", 700, 10, [])
    assert (train["first"][:2], train["originals"][:2]) == ([690, 691], [0, 1])
    assert (validation["overlaps"][0]["other"], validation["overlaps"][0]["examples"]) == ("train", 200)
    columns = {column["name"]: column for table in answer["tables"] for column in table["columns"]}
    assert list(columns) == ["x/city", "age", "constant", scenarios.HOSTILE, "y"]
    age, held_out = columns["age"]["parts"]
    assert (age["missing"], age["values"], len(age["quantiles"])) == (100, 700, 33)
    assert held_out["missing"] == 80
    assert [alert["rule"] for alert in columns["constant"]["alerts"]] == ["constant-feature"]
    city = columns["x/city"]["parts"][0]
    assert (city["min"], city["distinct"], sum(city["categories"].values())) == (None, 3, 700)
    _, again = server.get("data", id=key, since=answer["revision"])
    assert (again["unchanged"], again["tables"]) == (True, [])


def test_a_training_run_has_no_data_set(server):
    _, answer = server.get("data", id=server.id_of("healthy"))
    assert (answer["parts"], answer["tables"], answer["unchanged"]) == ([], [], False)


def test_series_hold_the_losses_that_were_logged(server):
    made, records = scenarios.SCENARIOS["exploded"]()
    losses = np.concatenate([record.loss for record in records if type(record).__name__ == "Losses"])
    group = server.read("series", id=server.id_of("exploded"), q="losses:loss", points=4096)["groups"][0]
    values = group["values"]["losses:loss"]
    assert (group["width"], len(group["step"])) == (1, made.samples * made.every)
    want = [None if math.isnan(x) else pytest.approx(float(x), rel=1e-3) for x in losses]
    assert values["mean"] == want
    assert values["bad"] == np.flatnonzero(np.isnan(losses)).tolist()


def test_logs_of_epochs_are_a_series(server):
    _, records = scenarios.SCENARIOS["healthy"]()
    ends = [record for record in records if type(record).__name__ == "EpochEnd"]
    assert len(ends) > 2
    answer = server.read(
        "series", id=server.id_of("healthy"), q=["epochs:train:val_loss", "epochs:train:x", "losses:loss"]
    )
    assert answer["unknown"] == ["epochs:train:x"]
    group = next(group for group in answer["groups"] if group["stream"] == "epochs:train")
    assert group["step"] == [end.step for end in ends]
    want = [pytest.approx(end.logs["val_loss"], rel=1e-3) for end in ends]
    assert group["values"]["epochs:train:val_loss"]["mean"] == want
    few = server.read("series", id=server.id_of("healthy"), q="epochs:train:val_loss", points=2)["groups"][0]
    assert len(few["step"]) <= 2


def test_what_changed_between_two_runs(server):
    first, second = server.id_of("unscaled"), server.id_of("healthy")
    answer = server.read("differences", first=first, second=second)
    start = "B has no input 'table' or 'tokens'; B's input 'image' is float32, not uint8; goes from 0 to 1, and A from "
    assert answer["sentence"].startswith(start)
    assert [change["subject"] for change in answer["changes"][2:]] == ["input:image"] * 2
    assert answer["changes"][3]["text"].startswith("goes from 0 to 1")
    same = server.read("differences", first=first, second=first)
    assert (same["changes"], same["sentence"][:36]) == ([], "The inputs and targets of A and B ar")
    died = server.read("differences", first=server.id_of("mismatched"), second=first)
    assert died["sentence"] == "No batch of run A was sampled, so its inputs cannot be compared."
    assert server.get("differences", first=first)[0] == 400
    assert server.get("differences", first=first, second="nothing")[0] == 404


def test_decimation_keeps_extremes(server):
    key = server.id_of("unscaled")
    full = server.read("series", id=key, q="losses:loss", points=4096)["groups"][0]["values"]["losses:loss"]
    few = server.read("series", id=key, q="losses:loss", points=40)["groups"][0]
    values = few["values"]["losses:loss"]
    assert len(few["step"]) <= 40
    assert (min(values["min"]), max(values["max"])) == (min(full["mean"]), max(full["mean"]))


def test_a_client_gets_the_rest_only(server):
    key = server.id_of("healthy")
    whole = server.read("series", id=key, q="losses:loss", points=100)["groups"][0]
    held = len(whole["step"]) - 1
    rest = server.read("series", id=key, q="losses:loss", points=100, have=f"losses:losses:{whole['width']}:{held}")
    group = rest["groups"][0]
    assert (group["first"], group["step"]) == (held, whole["step"][held:])


def test_a_part_is_shown_in_finer_buckets(server):
    key = server.id_of("healthy")
    part = server.read("series", id=key, q="losses:loss", points=50, **{"from": 1000, "to": 1039})["groups"][0]
    assert (part["width"], part["step"]) == (1, list(range(1000, 1040)))


def test_a_grid_has_a_row_for_each_weight(server):
    answer = server.read("grid", id=server.id_of("exploded"), table="weights", column="gradient_norm", points=64)
    grid = answer["grid"]
    cells = np.frombuffer(base64.b64decode(grid["cells"]), "<u2").reshape(len(answer["rows"]), len(grid["step"]))
    assert len(answer["rows"]) == 30
    assert "conv2d/kernel" in answer["rows"]
    gone = np.asarray(grid["step"]) >= 2000
    assert (cells[:, gone] == 1).all()
    assert (cells[:, np.asarray(grid["last"]) < 2000] >= 3).all()


def test_inputs_show_what_was_seen(server):
    answer = server.read("inputs", id=server.id_of("unscaled"))
    cards = {(card["layout"]["name"], card["layout"]["stage"]): card for card in answer["cards"]}
    image = cards["image", "fed"]
    assert image["words"] == "images of 28 × 28 pixels, 3 channels (colour)"
    assert [view["split"] for view in image["views"]] == ["train", "validation"]
    assert 0 <= image["views"][0]["min"] < 5
    assert 250 < image["views"][0]["max"] <= 255
    assert ("image", "entry") not in cards, "it is read as it is fed: one card shows both"
    assert [(item["rule"], item["high"]) for item in image["expected"]] == [("unnormalized-input", 20.0)]
    assert [item["rule"] for item in image["alerts"]] == ["unnormalized-input", "integer-input"]
    assert cards["label", "fed"]["alerts"] == []
    assert sum(cards["label", "fed"]["views"][0]["classes"]["counts"]) == 300 * 32


def test_thumbnails_are_png(server):
    _, answer = server.get("images", id=server.id_of("unscaled"))
    assert len(answer["images"][0]["png"]) == 4
    assert base64.b64decode(answer["images"][0]["png"][0]).startswith(b"\x89PNG\r\n")


def test_a_run_that_died_before_its_first_step_shows_why(server):
    key = server.id_of("mismatched")
    _, answer = server.get("run", id=key)
    assert [row["alert"]["rule"] for row in answer["alerts"]] == ["shape-mismatch"]
    assert answer["failures"][0]["fed"][0]["shape"] == [32, 784]
    cards = server.read("inputs", id=key)["cards"]
    assert [card["layout"]["name"] for card in cards] == ["x", "y"]
    assert server.read("series", id=key, q="losses:loss")["groups"] == []
    assert server.read("grid", id=key, table="weights", column="gradient_norm")["grid"] is None


def test_facts_of_the_model_are_shown(server):
    _, answer = server.get("model", id=server.id_of("unscaled"))
    assert answer["model"]["optimizer"]["name"] == "adam"
    assert [entry["layer"] for entry in answer["entries"]] == ["conv2d"]


def test_rules_that_did_not_judge_are_reported(server):
    _, answer = server.get("run", id=server.id_of("unscaled"))
    assert [item["rule"] for item in answer["not_judged"]] == ["loss-scale-collapse"]
    assert [item["accessor"] for item in answer["degraded"]] == ["loss_scale"]


def test_alerts_come_in_the_order_that_they_are_given(server):
    _, answer = server.get("run", id=server.id_of("unscaled"))
    rows = sorted(answer["alerts"], key=lambda row: row["order"])
    assert [(row["alert"]["rule"], row["group"]) for row in rows] == [
        ("unnormalized-input", "standing"),
        ("integer-input", "standing"),
        ("vanishing-gradient", "resolved"),
    ]
    assert rows[0]["alert"]["picture"]["kind"] == "range"


@pytest.mark.parametrize(
    "route", ["runs", "run", "model", "series", "grid", "inputs", "images", "index.js", "rules.json"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_get_only(servers, route, method):
    code, answer = servers["fast"].get(route, method=method)
    assert code == 405
    assert "use GET" in answer["error"]


@pytest.mark.parametrize(
    ("route", "parameters", "code"),
    [
        ("run", {}, 400),
        ("run", {"id": "nope"}, 404),
        ("run", {"id": "../../etc/passwd"}, 404),
        ("run", {"id": "x" * 5000}, 400),
        ("run", {"id": ["a", "b"]}, 400),
        ("runs", {"since": "abc"}, 400),
        ("runs", {"path": "/etc/passwd"}, 400),
        ("series", {"id": "x"}, 400),
        ("series", {"id": "x", "q": "losses:loss"}, 404),
        ("series", {"id": "x", "q": "losses:loss", "points": "1e9"}, 400),
        ("grid", {"id": "x", "table": "tensors", "column": "mean"}, 400),
        ("grid", {"id": "x", "table": "weights", "column": "__class__"}, 400),
        ("images", {"id": "<script>"}, 404),
    ],
)
def test_malformed_queries_get_clear_answers(servers, route, parameters, code):
    found, answer = servers["fast"].get(route, **parameters)
    assert found == code
    assert len(answer["error"]) > 20


def test_answers_are_plain_json(servers):
    url = f"{servers['fast'].base}/data/plugin/inputdiag/runs"
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

        def refuse(name):
            raise AssertionError(f"{name} is not JSON")

        json.loads(answer.read(), parse_constant=refuse)


def test_there_is_no_route_to_a_file(servers):
    for path in ("../plugin.py", "static/index.js", "%2e%2e/plugin.py", "plugin.py"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{servers['fast'].base}/data/plugin/inputdiag/{path}")
        assert caught.value.code == 404
        caught.value.close()


def test_the_plugin_imports_neither_tensorflow_nor_rules():
    code = (
        "import sys, tensorboard_plugin.inputdiag.plugin as p;"
        "print([n for n in sys.modules if n.split('.')[0] in ('tensorflow', 'keras')"
        " or n.startswith(tuple('tb_inputdiag.' + part for part in ('rules', 'capture', 'log.writer', 'report')))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


def test_the_loader_imports_nothing_heavy():
    code = (
        "import sys, tensorboard_plugin.inputdiag.loader;"
        "print([n for n in sys.modules if n.startswith(('numpy', 'tensorflow', 'tb_inputdiag', 'werkzeug'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
