"""Records as something to read: text for a terminal, and one HTML page. Pure: no files, no clock."""

from __future__ import annotations

from tb_inputdiag.report.text import alert_line, format_alert

__all__ = ["alert_line", "format_alert"]
