"""The callback in every `fit` without a line of code: in a program, in a notebook, or around a whole script."""

from __future__ import annotations

from tb_inputdiag.autologging.switch import AutologScope, autolog

__all__ = ["AutologScope", "autolog"]
