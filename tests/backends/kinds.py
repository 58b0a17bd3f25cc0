"""Runs the programs of docs/errors.md that name no backend on this process's backend, and says what each is taken for.

`KERAS_BACKEND=jax python -m tests.backends.kinds [KIND...]` writes a line for each kind: its id, and the kind or the
rule of the first alert, ``nothing``, ``no exception``, or the class of what the mended program raised.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import sys
import tempfile

import keras
import numpy as np
import pandas as pd

from tb_inputdiag.recording.explanations import explain_exception
from tb_inputdiag.rules.exceptions import all_kinds
from tb_inputdiag.rules.exceptions.kind import Kind

__all__ = ["neutral_kinds"]


def neutral_kinds(backend: str) -> list[Kind]:
    """Returns the kinds whose programs name no backend, and need no other one to raise."""
    kinds = (kind for kind in all_kinds() if kind.backend in ("", backend))
    return [kind for kind in kinds if "tf." not in kind.failing + kind.mended]


def _raised(program: str) -> Exception | None:
    linecache.cache["program.py"] = (len(program), None, program.splitlines(keepends=True), "program.py")
    try:
        exec(compile(program, "program.py", "exec"), {"keras": keras, "np": np, "pd": pd, "__name__": "__main__"})
    except Exception as exc:
        return exc
    return None


def _answer(kind: Kind) -> str:
    keras.backend.clear_session()
    exc = _raised(kind.failing)
    if exc is None:
        return "no exception"
    alerts = explain_exception(exc)
    trouble = _raised(kind.mended)
    if trouble is not None:
        return f"mended: {type(trouble).__name__}"
    return str(alerts[0].evidence.get("kind", alerts[0].rule)) if alerts else "nothing"


def main() -> None:
    """Runs the programs in a folder of their own."""
    wanted = set(sys.argv[1:])
    keras.utils.disable_interactive_logging()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for kind in neutral_kinds(keras.config.backend()):
            if not wanted or kind.id in wanted:
                with contextlib.redirect_stdout(io.StringIO()):
                    answer = _answer(kind)
                print(kind.id, answer, sep="\t", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    main()
