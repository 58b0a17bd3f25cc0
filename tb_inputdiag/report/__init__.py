"""Records as something to read: text for a terminal, JSON, and one HTML page. Pure: no files, no clock."""

from __future__ import annotations

from tb_inputdiag.report.jsonable import to_jsonable
from tb_inputdiag.report.text import alert_line, format_alert

__all__ = ["alert_line", "format_alert", "to_jsonable"]
