"""Requests that the dashboard never sends."""

from __future__ import annotations

import random
from urllib.parse import quote

ROUTES = {
    "runs": ("since",),
    "run": ("id", "since"),
    "model": ("id", "since"),
    "series": ("id", "q", "points", "have", "from", "to"),
    "grid": ("id", "table", "column", "split", "points", "have", "from", "to"),
    "inputs": ("id",),
    "images": ("id", "since"),
}
_WELL = {
    "since": "0",
    "q": "losses:loss",
    "points": "100",
    "have": "losses:losses:1:0",
    "from": "0",
    "to": "100",
    "table": "weights",
    "column": "gradient_norm",
    "split": "train",
}
_BAD = {
    "id": (
        "",
        "nope",
        "../../etc/passwd",
        "/etc/passwd",
        "%00",
        "\0",
        "x" * 5000,
        "<script>",
        "'; drop table",
        "\u202e",
        "//",
        "run/session/extra",
        "💥",
        ".",
    ),
    "since": ("", "-1", "1.5", "NaN", "1e9", "0x10", "９", "²", "9" * 30, "null", "true", " 1", "1 ", "--1", "-"),
    "q": (
        "",
        ":",
        "losses",
        "losses:loss:x",
        "samples:train",
        "samples:test:loss",
        "weights:train:__class__:x",
        "tensors:train:mean",
        "x" * 5000,
        "\0",
        "layers:train:std:",
        "losses:\nloss",
        "samples:train:loss:extra",
    ),
    "points": ("", "0", "1", "-5", "4097", "1e9", "999999999999999999999", "ten", "²", "1_000"),
    "have": (
        "",
        ":::",
        "losses:losses:3:1",
        "losses:losses:0:0",
        "losses:losses:1",
        "losses:losses:1:-1",
        "losses:losses:1:²",
        "losses:losses:9999999999999999:1",
        "a:b:c:d:e",
    ),
    "from": ("", "-1", "x", "1.0", "99999999999999999999"),
    "to": ("", "-1", "x", "NaN"),
    "table": ("", "tensors", "losses", "WEIGHTS", "__dict__", "weights\0"),
    "column": ("", "nothing", "__class__", "gradient_norm ", "Gradient_Norm"),
    "split": ("", "test", "TRAIN", "train\n"),
}


def malformed(number: int, known: str) -> tuple[str, str]:
    """Returns (method, path below the plugin's routes) of a request that must be refused.

    Args:
        number: Which; the first thousands differ.
        known: Id of a session that there is: all but the one mistake is right.
    """
    rng = random.Random(number)
    route = rng.choice(sorted(ROUTES))
    names = ROUTES[route]
    right = {name: known if name == "id" else _WELL[name] for name in names}
    if route == "runs":
        right.pop("since")
    for name in ("have", "from", "to"):
        if rng.random() < 0.5:
            right.pop(name, None)
    if ("from" in right) != ("to" in right):
        right.pop("from", None)
        right.pop("to", None)
    pairs = list(right.items())
    kind = rng.choice(
        ["value", "value", "value", "value", "name", "twice", "missing", "range", "method", "path", "raw"]
    )
    if kind == "value":
        name = rng.choice(names)
        pairs = [(k, v) for k, v in pairs if k != name] + [(name, rng.choice(_BAD[name]))]
    elif kind == "twice" and route not in ("runs",):
        pairs.append(("id", known))
    elif kind == "missing" and route not in ("runs",):
        pairs = [(k, v) for k, v in pairs if k != "id"]
    elif kind == "range" and "from" in names:
        pairs = [(k, v) for k, v in pairs if k not in ("from", "to")]
        low = rng.randint(1, 10**6)
        pairs += rng.choice([[("from", str(low)), ("to", str(low - 1))], [("from", str(low))], [("to", str(low))]])
    elif kind == "method":
        return rng.choice(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]), f"{route}?{_encode(pairs)}"
    elif kind == "path":
        tail = rng.choice(["/x", "/../runs", "%00", "\\..", ".php", "/%2e%2e/%2e%2e/plugin.py", "%ff%fe"])
        return "GET", f"{route}{tail}?{_encode(pairs)}"
    elif kind == "raw":
        bad = ["%", "%zz=1", "%ff=%fe", "&&&=&x", "=", "id[]=1", "x" * 6000 + "=1", "a=1&" * 300, "?id=?", "id;since=1"]
        return "GET", f"{route}?{_encode(pairs)}&q_{rng.choice(bad)}"
    else:
        pairs.append((rng.choice(["path", "callback", "__proto__", "ID", "id ", "limit", "", "\0", "💥"]), "1"))
    rng.shuffle(pairs)
    return "GET", f"{route}?{_encode(pairs)}"


def _encode(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
