"""What the recorder's helpers make of what they receive."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.recording.bad_batches import BadBatches
from tb_inputdiag.recording.failures import MAX_MESSAGE, Outage, failure_of
from tb_inputdiag.recording.thumbnails import ThumbnailBudget


def test_thumbnails_become_rarer_and_end():
    budget = ThumbnailBudget()
    taken = [step for step in range(100_000) if budget.take("train", step, 0)]
    assert taken == [0, 1, 5, 21, 85, 341, 1365, 5461, 21845, 87381]
    assert [budget.take("validation", 100_000, 1) for _ in range(3)] == [True, True, False]


def test_only_the_first_evaluation_has_thumbnails():
    budget = ThumbnailBudget()
    assert budget.take("validation", 10, 1)
    assert not budget.take("validation", 20, 2)


def test_the_message_of_a_failure_has_no_stack_of_definitions():
    stack = (
        'Detected at node x defined at:\n  File "/a/b.py", line 3, in <module>\n\n  File "/c.py", line 9, in f\nReason'
    )
    assert failure_of(ValueError(stack), "train", 3, None, ()).message == "Detected at node x defined at:\nReason"


def test_a_long_message_is_cut_in_the_middle():
    message = failure_of(ValueError("a" * 9000 + "end"), "train", 3, None, ()).message
    assert len(message) <= MAX_MESSAGE
    assert message.startswith("aaa")
    assert message.endswith("end")
    assert "[...]" in message


def test_the_first_outage_counts(recwarn):
    outage = Outage("logs")
    outage.begin(ValueError("first."), 3)
    outage.begin(ValueError("second"), 4)
    assert (outage.step, outage.reason) == (3, "ValueError: first.")
    assert [str(w.message) for w in recwarn if w.category is InputDiagWarning] == [
        "tb_inputdiag: recording stopped at step 3: ValueError: first. Training goes on unchanged; "
        "alerts so far are in logs."
    ]


def test_a_batch_that_is_too_large_is_not_saved(tmp_path, recwarn):
    batches = BadBatches(tmp_path / "bad", "s")
    large = np.broadcast_to(np.float32(0), (2**25,))
    assert batches.save("train", 1, {"input:x": large}) is None
    assert "128 MiB are more than 64 MiB" in str(recwarn.pop(InputDiagWarning).message)
    saved = batches.save("train", 2, {"input:x": np.ones(3)})
    assert saved is not None
    assert np.load(saved.path)["input:x"].tolist() == [1, 1, 1]
