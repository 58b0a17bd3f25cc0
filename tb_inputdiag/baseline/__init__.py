"""The contract about inputs: what those of a good run were like, as a file, and how a later run differs from it."""

from __future__ import annotations

from tb_inputdiag.baseline.between_runs import differences_between, differences_sentence
from tb_inputdiag.baseline.contract_file import as_baseline, baseline_text, read_baseline
from tb_inputdiag.baseline.difference import InputDifference
from tb_inputdiag.baseline.differences import input_differences, tensor_differences
from tb_inputdiag.baseline.profile import Extent, InputProfile, profile_of, tensor_of_samples

__all__ = [
    "Extent",
    "InputDifference",
    "InputProfile",
    "as_baseline",
    "baseline_text",
    "differences_between",
    "differences_sentence",
    "input_differences",
    "profile_of",
    "read_baseline",
    "tensor_differences",
    "tensor_of_samples",
]
