"""Records as something to read: text for a terminal, JSON, and one HTML page. Pure: no files, no clock."""

from __future__ import annotations

from tb_inputdiag.jsonable import to_jsonable
from tb_inputdiag.report.text import alert_line, format_alert, format_number

__all__ = ["alert_line", "format_alert", "format_number", "to_jsonable"]
