"""Trains four small networks on real digits, three of them with a problem, and shows what was found.

``python -m demo`` runs these; ``python -m demo.NAME`` runs one of the other programs in this folder.
"""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from pathlib import Path

from demo._common import LOGS

PROGRAMS = ("healthy", "wrong_shape", "integer_pixels", "unscaled_pixels")


def main() -> int:
    from tb_inputdiag import cli

    for name in PROGRAMS:
        program = import_module(f"demo.{name}")
        shutil.rmtree(LOGS / name, ignore_errors=True)
        print(f"\n{'=' * 80}\ndemo/{name}.py: {(program.__doc__ or '').strip()}\n{'=' * 80}", flush=True)
        program.main()
    shown = _short(LOGS)
    print(f"\n{'=' * 80}\nThe same, afterwards, from the logs: tb-inputdiag summary {shown}\n{'=' * 80}\n", flush=True)
    cli.main(["summary", str(LOGS)])
    binary = _short(Path(sys.executable).parent)
    print(
        f"\nThe logs are in {shown}\n\n"
        f"  {binary}/tb-inputdiag alerts {shown}\n      prints the findings again\n\n"
        f"  {binary}/tensorboard --logdir {shown}\n"
        "      shows them in a browser: http://localhost:6006, tab INPUT DIAGNOSTICS\n"
    )
    return 0


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
