"""`check_data`: one pass over a whole data set, judged before training."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tb_inputdiag.baseline import as_baseline
from tb_inputdiag.console import say_warning
from tb_inputdiag.datacheck import entries
from tb_inputdiag.datacheck.describe import data_summary
from tb_inputdiag.datacheck.gathering import gathered
from tb_inputdiag.datacheck.part_tally import PartTally
from tb_inputdiag.datacheck.progress import PassProgress
from tb_inputdiag.datacheck.result import DataCheck
from tb_inputdiag.datacheck.samples import described, part_images, part_layout, part_sample
from tb_inputdiag.datacheck.session import DataSession
from tb_inputdiag.datacheck.shards import DaskSource, is_dask, read_on_cluster
from tb_inputdiag.datacheck.sources import ArraySource, Names, Source, source_of
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.records import Baseline, DataSummary, Failure, ModelFacts, NotJudged, Part, TensorLayout, split_of
from tb_inputdiag.rules.engine import RulesArgument
from tb_inputdiag.rules.support.whole_data import part_word

__all__ = ["check_data", "check_sources"]

_NEED_READERS = ("unnormalized-input", "feature-scale-disparity", "preprocessing-mismatch", "double-scaled-input")
"""Rules that judge what the first layers with weights read."""


def check_data(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    validation_data: Any = None,
    test_data: Any = None,
    model: Any = None,
    loss: Any = None,
    steps: int | None = None,
    validation_steps: int | None = None,
    test_steps: int | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    baseline: str | os.PathLike[str] | Baseline | None = None,
    rules: RulesArgument = None,
    client: Any = None,
    progress: bool = True,
) -> DataCheck:
    """Reads a whole data set once, and reports what is wrong with it, before training.

    Takes what `fit` takes. Memory stays bounded: a batch, and at most 200 MB beside it. Nothing is changed, and neither
    TensorFlow nor Keras is imported unless the arguments come from there.

    >>> result = tb_inputdiag.check_data(x, y, validation_data=(x_val, y_val))      # doctest: +SKIP
    >>> print(result)                                                               # doctest: +SKIP

    Args:
        x: Inputs: an array, a frame, or a list, tuple or dict of them; or a data set that yields ``(x, y)`` or
            ``(x, y, sample_weight)``: `tf.data.Dataset`, `PyDataset`, PyTorch's `DataLoader`, a generator, or a
            function that returns one. It yields batches, as for `fit`.
        y: Targets, in the same forms.
        sample_weight: Weights.
        validation_data: ``(x, y)`` or ``(x, y, sample_weight)``, or a data set. It is compared with the training data.
        test_data: As `validation_data`.
        model: A Keras model that will be trained on the data: then scale and labels are judged by what its layers and
            its loss expect. It is not changed.
        loss: The loss, where no compiled model is given: a name such as ``"sparse_categorical_crossentropy"``, or a
            loss of Keras.
        steps: Batches to read of `x`, where it does not end by itself.
        validation_steps: The same of `validation_data`.
        test_steps: The same of `test_data`.
        log_dir: Folder for a log of the run, which the dashboard, the report and the command line show.
        baseline: File of `tb-inputdiag baseline` that the data is compared with.
        rules: Which rules, with which thresholds, as for `InputDiagnostics`.
        client: A `dask.distributed.Client`: the examples are read in shards on its workers. `x` and `y` are arrays in
            memory, or Dask arrays or frames, each partition of which is a shard.
        progress: Show a line with the time that is left, if standard error is a terminal.

    Returns:
        The alerts, and statistics of each part.

    Raises:
        ConfigurationError: if an argument is wrong, or arrays do not fit together.
        LogWriteError: if nothing can be written to `log_dir`.
    """
    reader = entries.read_model(model) if model is not None else None
    names = _names_of(reader.facts if reader is not None else None)
    sources: dict[Part, Source] = {"train": _source(x, y, sample_weight, steps, names)}
    held_out: tuple[tuple[Part, Any, int | None], ...] = (
        ("validation", validation_data, validation_steps),
        ("test", test_data, test_steps),
    )
    for part, data, part_steps in held_out:
        if data is not None:
            sources[part] = _source(*_unpacked(data, f"{part}_data"), part_steps, names)
    return check_sources(
        sources,
        reader=reader,
        loss=loss,
        log_dir=log_dir,
        baseline=baseline,
        rules=rules,
        client=client,
        progress=progress,
    )


def check_sources(
    sources: Mapping[Part, Source],
    *,
    reader: entries.ModelReader | None = None,
    loss: Any = None,
    log_dir: str | os.PathLike[str] | None = None,
    baseline: str | os.PathLike[str] | Baseline | None = None,
    rules: RulesArgument = None,
    client: Any = None,
    progress: bool = True,
) -> DataCheck:
    """Reads the parts of a data set and judges them; see `check_data`.

    Args:
        sources: Where the batches of each part come from.
        reader: The model.
        loss: See `check_data`, and the others.
        log_dir: Folder of the log.
        baseline: What the data is compared with.
        rules: Which rules.
        client: Of a cluster.
        progress: Whether to show a line on a terminal.
    """
    run = _Check(sources, reader, entries.loss_facts(loss), progress, client)
    settings = {"baseline": None if baseline is None else str(baseline)}
    session = DataSession(log_dir, rules, settings, as_baseline(baseline), _warn_of)
    status: Literal["finished", "failed", "interrupted"] = "failed"
    reason = ""
    try:
        run.read(session)
        status = "finished"
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        reason = f"{type(error).__name__}: {error}"
        raise
    finally:
        session.end(status, reason)
    return DataCheck(session.alerts, run.summaries, session.not_judged, session.run_dir)


def _warn_of(what: str, error: Exception) -> None:
    subject = "the log is not written" if what == "log" else f"the rule {what} failed and is not used any more"
    say_warning(f"{subject} ({type(error).__name__}: {error}). The check goes on.")


def _unpacked(data: Any, argument: str) -> tuple[Any, Any, Any]:
    """Returns ``(x, y, sample_weight)`` of held-out data as `fit` takes it."""
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ConfigurationError(
            f"{argument} must be (x, y), (x, y, sample_weight) or a data set. Received: a {type(data).__name__} of "
            f"{len(data)}."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def _names_of(facts: ModelFacts | None) -> Names:
    if facts is None:
        return {}
    return {"input": [item.name for item in facts.inputs], "target": list(facts.output_units)}


def _source(x: Any, y: Any, sample_weight: Any, steps: int | None, names: Names) -> Source:
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise ConfigurationError(f"steps must be the number of batches to read, at least 1. Received: {steps!r}.")
    if is_dask(x):
        return DaskSource(x, y, sample_weight, names)
    return source_of(x, y, sample_weight, steps=steps, names=names)


@dataclass
class _Check:
    """The state of one check."""

    sources: Mapping[Part, Source]
    reader: entries.ModelReader | None
    loss: Any
    progress: bool
    client: Any
    summaries: dict[Part, DataSummary] = field(default_factory=dict)
    _tallies: dict[Part, PartTally] = field(default_factory=dict)
    _n_classes: int = 0

    def read(self, session: DataSession) -> None:
        """Reads all parts, and adds their records."""
        facts = self._facts()
        if facts is not None:
            session.add(facts)
        if self.reader is not None and self.reader.preprocess is None:
            for rule in _NEED_READERS:
                session.add(NotJudged(rule=rule, reason=entries.UNKNOWN_READER))
        for number, (part, source) in enumerate(self.sources.items()):
            began = time.perf_counter()
            tally = self._tallied(part, source)
            summary = data_summary(part, tally, self._tallies, time.perf_counter() - began)
            self.summaries[part] = summary
            session.add(summary)
            self._add_sample(session, part, number, tally, facts)
            self._tallies[part] = tally

    def _facts(self) -> ModelFacts | None:
        if self.reader is not None:
            return self.reader.facts
        return None if self.loss is None else ModelFacts(name="", class_name="", kind="subclassed", loss=self.loss)

    def _tallied(self, part: Part, source: Source) -> PartTally:
        if self.client is not None:
            return read_on_cluster(self.client, source)
        tally = PartTally(expected=source.total if isinstance(source, ArraySource) else 0)
        unit = "batches" if source.counts_batches else "examples"
        line = PassProgress(part, unit, shown=self.progress)
        try:
            for n_batches, batch in gathered(source):
                tally.add(batch, source.columns)
                line.update(n_batches if source.counts_batches else tally.examples, source.total)
        finally:
            line.finish()
        if not tally.examples:
            raise ConfigurationError(f"The {part_word(part)} data is empty: it has no example.")
        return tally

    def _add_sample(
        self, session: DataSession, part: Part, number: int, tally: PartTally, facts: ModelFacts | None
    ) -> None:
        self._n_classes = max(self._n_classes, *(_highest(counts) + 1 for counts in tally.classes.values()), 0)
        tensors = described(tally, facts, self._n_classes)
        if self.reader is None:
            tensors = tensors + entries.as_fed(tensors)
        else:
            try:
                tensors = tensors + self.reader.entries(tally)
            except Exception as error:  # the data does not fit the model: that is what the rules explain
                session.add(_failure(part, error, tuple(layout for layout, _ in tensors)))
        layout = part_layout(part, number, tensors)
        session.add(layout)
        session.add(part_sample(layout, tensors, tally))
        for images in part_images(layout, tensors, tally):
            session.add(images)


def _highest(counts: Mapping[int, int] | None) -> int:
    """Returns the largest class id; -1 if there is none, or if these are no ids of classes."""
    return max(counts) if counts and min(counts) >= 0 else -1


def _failure(part: Part, error: Exception, fed: tuple[TensorLayout, ...]) -> Failure:
    return Failure(
        step=0,
        wall_time=time.time(),
        split=split_of(part),
        exception=type(error).__name__,
        message=str(error)[:4000],
        fed=fed,
    )
