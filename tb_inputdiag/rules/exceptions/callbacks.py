"""Callbacks: what they set, and what Keras calls them with."""

from __future__ import annotations

import re

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]

_SETTERS = ("ReduceLROnPlateau", "LearningRateScheduler")
"""Callbacks of Keras that set the learning rate."""


def _setter(case: Case) -> str:
    """Returns the callback that sets the learning rate; empty if none of Keras' own was given."""
    types = (a.type.rpartition(".")[2] for a in case.arguments.values() if a.name.startswith("callbacks"))
    return next((name for name in types if name in _SETTERS), "")


def _scheduled(case: Case) -> Finding | None:
    optimizer = case.facts.optimizer if case.facts is not None else {}
    name = str(optimizer.get("name") or "Adam")
    schedule = str(optimizer.get("schedule") or "a schedule")
    setter = _setter(case)
    who = setter or ("A callback" if case.method in ("fit", "train_on_batch") else "The program")
    return case.finding(
        f"{who} sets the learning rate, but {name} was made with {schedule}, which sets it at each step.",
        f"optimizer=keras.optimizers.{name}(learning_rate=0.001)  # a number can be changed later\n"
        f"# or keep the schedule, and leave out {setter or 'what sets the learning rate'}",
        seen=schedule,
        expected="a number",
        subject="optimizer",
    )


def _returned(case: Case) -> Finding | None:
    value = case["value"].rstrip(".")
    missing = value in ("", "None")
    return case.finding(
        "The schedule of LearningRateScheduler returned None in this epoch: one way through it has no `return`."
        if missing
        else f"The schedule of LearningRateScheduler returned {value[:60]}, which is not a Python float.",
        "return lr  # the last line of the schedule function, for all other epochs"
        if missing
        else "return float(lr)  # in the schedule function",
        seen=value or "None",
        expected="a float",
        subject="optimizer",
    )


def _hook(case: Case) -> Finding | None:
    """A method of a callback that leaves out an argument which Keras gives it."""
    hook = case["hook"]
    if not re.fullmatch(r"on_(train|test|predict|epoch)_(begin|end|batch_begin|batch_end)|on_batch_(begin|end)", hook):
        return None
    counted = "epoch" if "epoch" in hook else ("batch" if "batch" in hook else "")
    arguments = ", ".join(filter(None, ("self", counted, "logs=None")))
    return case.finding(
        f"Keras calls {hook} of the callback {case['callback'].split()[-1]} with other arguments than it takes.",
        f"def {hook}({arguments}):",
        seen=f"{case['taken']} arguments" if case["taken"] else "another signature",
        expected=f"({arguments})",
        subject="callbacks",
    )


def _fit(callback: str) -> str:
    return f"model.fit(np.ones((8, 4)), np.ones(8), epochs=2, callbacks=[{callback}])\n"


_DECAY = """\
decay = keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(decay), loss="mse")
""" + _fit("keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr / 2)")
_SCHEDULE = program(
    REGRESSION,
    "def schedule(epoch, lr):\n    if epoch < 1:\n        return lr\n"
    + _fit("keras.callbacks.LearningRateScheduler(schedule)"),
)
_OWN = """\
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch):
        self.model.stop_training = epoch > 0

"""
_HOOK = program(REGRESSION, _OWN + _fit("Stop()"))
KINDS = (
    Kind(
        id="arguments-of-a-callback",
        title="A method of a callback takes other arguments than Keras gives it",
        words=(
            Words("Python", "{callback}.{hook}() takes {taken} positional argument{} but {given} were given"),
            Words("Python", "{callback}.{hook}() missing {} required positional argument"),
            Words("Python", "{callback}.{hook}() got an unexpected keyword argument"),
        ),
        cause="Keras calls each method with the epoch or the batch, where there is one, and with the logs.",
        failing=_HOOK,
        mended=mend(_HOOK, "(self, epoch)", "(self, epoch, logs=None)"),
        explain=_hook,
        subject="callbacks",
    ),
    Kind(
        id="learning-rate-set-twice",
        title="A learning rate is set that a schedule sets already",
        words=(Words("Keras", "hence its learning rate is not settable"),),
        cause="ReduceLROnPlateau and LearningRateScheduler write the learning rate. A schedule "
        "computes it from the step.",
        failing=_DECAY,
        mended=mend(_DECAY, "keras.optimizers.Adam(decay)", "keras.optimizers.Adam(0.01)"),
        explain=_scheduled,
        subject="optimizer",
    ),
    Kind(
        id="schedule-returns-no-number",
        title="The schedule of LearningRateScheduler does not return a float",
        words=(
            Words("Keras", "The output of the `schedule` function should be a float. Got: {value}\n"),
            Words("Keras", 'The output of the "schedule" function should be float. Got: {value}\n'),
        ),
        cause="A Python function without `return` returns None. Each epoch needs a learning rate.",
        failing=_SCHEDULE,
        mended=mend(_SCHEDULE, "        return lr\n", "        return lr\n    return lr / 2\n"),
        explain=_returned,
        subject="optimizer",
    ),
)
"""Kinds of this family."""
