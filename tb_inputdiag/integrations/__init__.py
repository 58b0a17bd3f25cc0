"""Alerts where a team looks: MLflow, Weights & Biases, ClearML, a chat by webhook, e-mail.

Each of them is the argument `on_alert` of `InputDiagnostics`, or several of them in `SeveralReceivers`:

>>> from tb_inputdiag.integrations import MLflowAlerts           # doctest: +SKIP
>>> InputDiagnostics("logs", on_alert=MLflowAlerts())            # doctest: +SKIP

Nothing of a tracker is imported before the first alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tb_inputdiag._lazy import attributes_from

if TYPE_CHECKING:
    from tb_inputdiag.integrations.clearml import ClearMLAlerts
    from tb_inputdiag.integrations.email_file import EmailFile
    from tb_inputdiag.integrations.mlflow import MLflowAlerts
    from tb_inputdiag.integrations.several import SeveralReceivers
    from tb_inputdiag.integrations.wandb import WandbAlerts
    from tb_inputdiag.integrations.webhook import SlackWebhook

__all__ = ["ClearMLAlerts", "EmailFile", "MLflowAlerts", "SeveralReceivers", "SlackWebhook", "WandbAlerts"]

_HOMES = {
    "ClearMLAlerts": "tb_inputdiag.integrations.clearml",
    "EmailFile": "tb_inputdiag.integrations.email_file",
    "MLflowAlerts": "tb_inputdiag.integrations.mlflow",
    "SeveralReceivers": "tb_inputdiag.integrations.several",
    "SlackWebhook": "tb_inputdiag.integrations.webhook",
    "WandbAlerts": "tb_inputdiag.integrations.wandb",
}

__getattr__ = attributes_from(__name__, _HOMES)
