"""Runs many programs, in as many processes as there may be."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.corpus.harness import Variation
from tests.corpus.runner import Outcome

__all__ = ["run_all"]


def _begin() -> None:
    from tests.corpus.harness import load
    from tests.corpus.runner import one_core

    one_core()
    load()


def _work(program_id: str, variation: Variation, plain: bool) -> Outcome:
    from tests.corpus.harness import PROGRAMS
    from tests.corpus.runner import run

    return run(PROGRAMS[program_id], variation, plain=plain)


def run_all(jobs: Iterable[tuple[str, Variation]], processes: int = 1, *, plain: bool = False) -> Iterator[Outcome]:
    """Yields the outcomes of ``(program id, variation)`` pairs, in their order.

    Each process begins afresh, with TensorFlow on one core.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
        futures = [pool.submit(_work, program_id, variation, plain) for program_id, variation in jobs]
        for future in futures:
            yield future.result()
