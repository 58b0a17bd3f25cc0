"""Trains small networks on real data, most of them with a problem, and shows what is found.

``python -m demo`` runs four short programs, ``python -m demo NAME ...`` these, and ``--all`` all of them.
``python -m demo.NAME`` runs one as a script.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import keras

from demo._common import LOGS

SHORT = ("healthy", "wrong_shape", "integer_pixels", "unscaled_pixels")
ALL = (
    "healthy",
    "wrong_shape",
    "wrong_type",
    "integer_pixels",
    "unscaled_pixels",
    "unequal_lengths",
    "stacked_lstm",
    "scaled_twice",
    "validation_skew",
    "whole_data_set",
    "nan_in_data",
    "labels_out_of_range",
    "one_hot_labels",
    "learning_rate",
    "exploding_gradients",
    "vanishing_gradients",
    "dead_relus",
    "multi_input",
    "custom_train_step",
    "distributed",
)
ONLY_TENSORFLOW = ("wrong_type", "custom_train_step", "distributed")
"""They use strings in tensors, `tf.GradientTape` and `tf.distribute`."""
LINE = "=" * 80


def run(name: str) -> float:
    """Runs one program, with its log in a fresh folder, and returns how many seconds it took."""
    program = import_module(f"demo.{name}")
    shutil.rmtree(LOGS / name, ignore_errors=True)
    print(f"\n{LINE}\ndemo/{name}.py: {(program.__doc__ or '').strip()}\n{LINE}", flush=True)
    began = time.monotonic()
    if getattr(program, "OWN_PROCESS", False):
        subprocess.run(
            [sys.executable, "-m", f"demo.{name}"],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "DEMO_LOGS": str(LOGS.absolute())},
            check=True,
        )
    else:
        program.main()
    return time.monotonic() - began


def found(name: str) -> list[str]:
    """Returns the rules with findings in a program's log, worst first."""
    import tb_inputdiag

    return [alert.rule for alert in tb_inputdiag.read(LOGS / name).run.alerts]


def as_planted(name: str) -> bool:
    """Returns whether the worst finding is the planted problem; for a healthy program, whether there is none."""
    planted = import_module(f"demo.{name}").FINDS
    return found(name)[:1] == ([planted] if planted else [])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the arguments say; returns 1 if a program's problem was not found, or one found where there is none."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"programs to run (default: {', '.join(SHORT)})")
    parser.add_argument("--all", action="store_true", help=f"all {len(ALL)} programs")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(ALL):
        parser.error(f"no program {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    names = ALL if options.all else tuple(options.names) or SHORT
    left_out = ONLY_TENSORFLOW if keras.config.backend() != "tensorflow" else ()
    for name in names:
        if name in left_out:
            print(f"demo/{name}.py is left out: it is written for TensorFlow, and Keras runs {keras.config.backend()}.")
    names = tuple(name for name in names if name not in left_out)
    seconds = {name: run(name) for name in names}
    _show_table(seconds)
    _show_ways_on()
    return 0 if all(map(as_planted, names)) else 1


def _show_table(seconds: dict[str, float]) -> None:
    print(f"\n{LINE}\nThe problem that each program has, and what was found, worst first:\n{LINE}\n")
    width = max(map(len, seconds), default=0)
    for name, took in seconds.items():
        planted = import_module(f"demo.{name}").FINDS or "none"
        mark = "as planted" if as_planted(name) else "NOT AS PLANTED"
        print(f"{name:<{width}}  {took:4.0f} s  {planted:<23} {mark:<10}  {', '.join(found(name)) or 'none'}")


def _show_ways_on() -> None:
    shown = _short(LOGS)
    binary = _short(Path(sys.executable).parent)
    print(
        f"\nThe logs are in {shown}\n\n"
        f"  {binary}/tb-inputdiag alerts {shown}\n      prints the findings again\n\n"
        f"  {binary}/tensorboard --logdir {shown}\n"
        "      shows them in a browser: http://localhost:6006, tab INPUT DIAGNOSTICS\n"
    )


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
