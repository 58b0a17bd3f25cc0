"""Finds what is wrong with the inputs of a Keras training run, while it runs.

>>> from tb_inputdiag import InputDiagnostics                    # doctest: +SKIP
>>> model.fit(x, y, callbacks=[InputDiagnostics("logs")])        # doctest: +SKIP

Importing the package imports neither TensorFlow nor Keras; `InputDiagnostics` does when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tb_inputdiag._lazy import attributes_from
from tb_inputdiag._version import __version__

if TYPE_CHECKING:
    from tb_inputdiag.autologging import autolog
    from tb_inputdiag.callback import InputDiagnostics
    from tb_inputdiag.datacheck import DataCheck, check_data
    from tb_inputdiag.errors import InputDiagError
    from tb_inputdiag.log.reader import read
    from tb_inputdiag.records import Alert, Severity
    from tb_inputdiag.rules import Rule

__all__ = [
    "Alert",
    "DataCheck",
    "InputDiagError",
    "InputDiagnostics",
    "Rule",
    "Severity",
    "__version__",
    "autolog",
    "check_data",
    "read",
]

_HOMES = {
    "Alert": "tb_inputdiag.records",
    "DataCheck": "tb_inputdiag.datacheck",
    "InputDiagError": "tb_inputdiag.errors",
    "InputDiagnostics": "tb_inputdiag.callback",
    "Rule": "tb_inputdiag.rules",
    "Severity": "tb_inputdiag.records",
    "autolog": "tb_inputdiag.autologging",
    "load_ipython_extension": "tb_inputdiag.notebook.extension",
    "check_data": "tb_inputdiag.datacheck",
    "read": "tb_inputdiag.log.reader",
    "unload_ipython_extension": "tb_inputdiag.notebook.extension",
}


__getattr__ = attributes_from(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])
