"""The exception tree of tb_inputdiag.

::

    InputDiagError
    ├── ConfigurationError (ValueError)   an argument is wrong
    │   └── UnknownRuleError              a rule id that does not exist
    ├── BackendError (ImportError)        TensorFlow or Keras 3 is missing or unsupported
    ├── LogError
    │   ├── LogNotFoundError (FileNotFoundError)   no inputdiag log below the folder
    │   ├── LogCorruptError               bytes that do not decode
    │   ├── LogVersionError               a log written by a newer schema
    │   ├── LogWriteError (OSError)       the log cannot be written
    │   └── RemoteError (OSError)         a remote folder does not answer, or refuses
    ├── ExplanationError                  a kind of exception could not be explained; never leaves the rules
    └── CaptureError                      the probe failed; never leaves the callback

Every message says what was expected, what was received, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable

from tb_inputdiag.numbers import whole

__all__ = [
    "BackendError",
    "CaptureError",
    "ConfigurationError",
    "ExplanationError",
    "InputDiagError",
    "LogCorruptError",
    "LogError",
    "LogNotFoundError",
    "LogVersionError",
    "LogWriteError",
    "RemoteError",
    "UnknownRuleError",
    "did_you_mean",
    "there_are",
]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `` Did you mean 'x'?`` for the closest known word, or an empty string."""
    import difflib  # it takes longer to import than this package

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def there_are(word: str, known: Iterable[str], *, most: int = 24) -> str:
    """Returns a hint for a `word` that is not among the known ones: the closest of them, and the first few."""
    names = list(known)
    shown = ", ".join(map(repr, names[:most])) or "none"
    more = f" and {whole(len(names) - most)} more" if len(names) > most else ""
    return f"{did_you_mean(word, names) if word else ''} There are: {shown}{more}."


class InputDiagError(Exception):
    """Base class of every exception that tb_inputdiag raises."""


class ConfigurationError(InputDiagError, ValueError):
    """An argument has a wrong type or value."""


class UnknownRuleError(ConfigurationError):
    """There is no rule with this id."""


class BackendError(InputDiagError, ImportError):
    """TensorFlow or Keras 3 is missing, too old, or runs on an unsupported backend."""


class LogError(InputDiagError):
    """Base class of the problems with a log."""


class LogNotFoundError(LogError, FileNotFoundError):
    """There is no inputdiag log in the folder."""


class LogCorruptError(LogError):
    """Bytes in a log do not decode."""


class LogVersionError(LogError):
    """The log was written by a newer schema than this version reads."""


class LogWriteError(LogError, OSError):
    """The log cannot be written."""


class RemoteError(LogError, OSError):
    """A remote folder does not answer, or refuses to."""


class ExplanationError(InputDiagError):
    """The explanation of one kind of exception failed. It is reported once; the other kinds are still tried."""


class CaptureError(InputDiagError):
    """The probe failed. The callback reports it once; training goes on."""
