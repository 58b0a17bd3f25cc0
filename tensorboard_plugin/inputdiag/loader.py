"""The entry point that TensorBoard loads at its start.

TensorBoard does not guard the import of an entry point: an ImportError here would stop the whole program. So nothing
is imported here but TensorBoard's own base module; the plugin itself is imported in `load`, where an error only
leaves the plugin out.
"""

from __future__ import annotations

import argparse
from typing import Any

from tensorboard.plugins import base_plugin

__all__ = ["InputDiagLoader"]


class InputDiagLoader(base_plugin.TBLoader):  # type: ignore[misc]  # TensorBoard ships no types
    """Creates the plugin, and makes TensorBoard keep all of its events."""

    def define_flags(self, parser: argparse.ArgumentParser) -> None:
        """Defines no flags: TensorBoard aborts if two plugins define the same one."""

    def fix_flags(self, flags: argparse.Namespace) -> None:
        """Makes the loaders keep all events of this plugin, unless the user has set a limit.

        The log gets by with TensorBoard's own limits (at most 8 events a tag); this is the second line of defence.
        """
        samples = getattr(flags, "samples_per_plugin", None)
        if isinstance(samples, dict):
            samples.setdefault("inputdiag", 0)

    def load(self, context: Any) -> Any:
        """Returns the plugin."""
        from tensorboard_plugin.inputdiag.plugin import InputDiagPlugin

        return InputDiagPlugin(context)
