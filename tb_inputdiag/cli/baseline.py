"""``baseline``: what the inputs of a run were like, as a file."""

from __future__ import annotations

from tb_inputdiag.baseline import baseline_text, profile_of
from tb_inputdiag.cli.arguments import BaselineArguments
from tb_inputdiag.cli.options import select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.numbers import count, whole

__all__ = ["baseline"]


def baseline(arguments: BaselineArguments, terminal: Terminal) -> int:
    """Writes the baseline of the only run that was chosen, or of its latest session.

    Raises:
        ConfigurationError: if there are several runs, or the run has no inputs.
    """
    selection = select(arguments)
    runs = list(dict.fromkeys(item.name for item in selection.sessions))
    if len(runs) > 1:
        raise ConfigurationError(
            f"There are {whole(len(runs))} runs below {arguments.log_dir!r}. Choose one: --run {runs[0]!r}."
        )
    item = max(selection.sessions, key=lambda found: found.session.id)
    found = profile_of(item.session.records(), item.session.id)
    if not found.tensors:
        raise ConfigurationError(f"{item.title} has no samples of training data, so nothing is known of its inputs.")
    text = baseline_text(found)
    if arguments.output == "-":
        terminal.stream.write(text)
        return CLEAN
    try:
        with open(arguments.output, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError(f"--output {arguments.output!r} cannot be written: {error.strerror}.") from None
    inputs = sum(tensor.role == "input" for tensor in found.tensors)
    examples = max(tensor.examples for tensor in found.tensors)
    terminal.print(
        f"{arguments.output}: {count(inputs, 'input')} of {item.title}, from {count(examples, 'example')}. Look it "
        "over, and compare: tb-inputdiag check LOG_DIR --baseline, InputDiagnostics(..., baseline=...)."
    )
    selection.warn()
    return CLEAN
