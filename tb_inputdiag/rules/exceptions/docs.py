"""Writes docs/errors.md from the kinds: `python -m tb_inputdiag.rules.exceptions.docs [--check] [FILE]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tb_inputdiag.rules.exceptions import FAMILIES
from tb_inputdiag.rules.exceptions.kind import PRELUDE, Kind

__all__ = ["main", "page"]

_INTRODUCTION = f"""\
# Why does my program raise?

<!-- Written by `python -m tb_inputdiag.rules.exceptions.docs` from the kinds' own files; edit those files. -->

Exceptions of Keras programs, with the words that Keras, TensorFlow, JAX, PyTorch and NumPy use for them, the cause, a
program that fails, and the same program mended. Search the page for a part of your message, or ask the command line:

```sh
tb-inputdiag explain "the message"
python train.py 2>&1 | tb-inputdiag explain
```

Where the exception is raised, tb_inputdiag also looks at the arguments of the call, and names them in the fix. Each
program below begins with

```python
{PRELUDE}```

Every program is run by the tests: the first raises and gets this explanation, the second does not raise. Where it
matters, the page names the backend of Keras.
"""

_ON = {"torch": " with PyTorch", "jax": " with JAX"}


def kind_page(kind: Kind) -> str:
    """Returns the documentation of one kind as Markdown."""
    words = dict.fromkeys((item.source, item.shown) for item in kind.words if len(item.shown) > 12)
    lines = [f"### {kind.title}", "", f"`{kind.id}`, reported by [{kind.rule}](rules.md#{kind.rule}). {kind.cause}", ""]
    lines += [f"- {source}: `` {text} ``" for source, text in words]
    lines += ["", f"Fails{_ON.get(kind.backend, '')}:", "", "```python", kind.failing.rstrip("\n"), "```", ""]
    lines += ["Mended:", "", "```python", kind.mended.rstrip("\n"), "```", ""]
    return "\n".join(lines)


def page() -> str:
    """Returns the page of all kinds."""
    parts = [_INTRODUCTION]
    for heading, kinds in FAMILIES:
        parts += [f"## {heading}\n", *map(kind_page, kinds)]
    return "\n".join(parts).rstrip() + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the page. With ``--check``: writes nothing, and returns 1 if the file is out of date."""
    parser = argparse.ArgumentParser(prog="python -m tb_inputdiag.rules.exceptions.docs", description=__doc__)
    default = Path(__file__).parents[3] / "docs" / "errors.md"
    parser.add_argument("file", nargs="?", type=Path, default=default)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    options = parser.parse_args(arguments)
    text = page()
    if not options.check:
        options.file.write_text(text, encoding="utf-8")
        return 0
    if options.file.exists() and options.file.read_text(encoding="utf-8") == text:
        return 0
    print(f"{options.file} is out of date. Run python -m tb_inputdiag.rules.exceptions.docs")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
