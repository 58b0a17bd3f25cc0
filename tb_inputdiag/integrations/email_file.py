"""An e-mail about a training run, as a file that any mail program sends."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.integrations.outcome import outcome
from tb_inputdiag.integrations.report_file import write_report
from tb_inputdiag.log.reader import Run
from tb_inputdiag.numbers import count
from tb_inputdiag.records import Alert
from tb_inputdiag.report import format_alert

__all__ = ["EmailFile"]


class EmailFile:
    """Writes an e-mail (``.eml``) when training has ended: the findings as text, the report attached.

    Send it with what you have, e.g. ``sendmail -t < run.eml`` or `smtplib.SMTP.send_message`.

    Args:
        path: The file; it is replaced by a later one.
        to: Who receives it; several are separated by commas.
        sender: Who sends it.
        name: What the run is called in the subject.
        always: Whether to write it also if nothing was found.

    Raises:
        ConfigurationError: if an address is missing or has a line break.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, to: str, sender: str, name: str = "", always: bool = False
    ) -> None:
        for what, text in (("to", to), ("sender", sender)):
            if "@" not in text or "\n" in text or "\r" in text:
                raise ConfigurationError(f"{what} must be an e-mail address. Received: {text!r}.")
        self._path = Path(path)
        self._to = to
        self._sender = sender
        self._name = " ".join(name.split())
        self._always = always

    def __call__(self, alert: Alert) -> None:
        """Receives an alert; the e-mail is written at the end."""

    def training_ended(self, run: Run) -> None:
        """Receives the end of a `fit`, and writes the e-mail.

        Raises:
            OSError: if the file cannot be written.
        """
        if not run.alerts and not self._always:
            return
        new = self._path.with_name(self._path.name + ".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(self._message(run).as_bytes())
        new.replace(self._path)

    def _message(self, run: Run) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = f"{self._name or 'Training'}: {outcome(run)}"
        message["From"], message["To"] = self._sender, self._to
        message["Date"] = format_datetime(datetime.now(timezone.utc))
        lines = [f"{count(len(run.alerts), 'finding')}. The report is attached.", ""]
        lines += [format_alert(alert, 78) + "\n" for alert in run.alerts]
        message.set_content("\n".join(lines))
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder, "report.html")
            write_report(run, str(page))
            message.add_attachment(page.read_bytes(), maintype="text", subtype="html", filename="report.html")
        return message
