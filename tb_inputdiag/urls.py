"""URLs of remote folders, without the credentials that some of them carry."""

from __future__ import annotations

import os
import re

__all__ = ["folder_name", "has_credentials", "is_url", "join_url", "protocol_of", "redact"]

_USER = re.compile(r"(?<=://)[^/\s'\"@]+@")
_QUERY = re.compile(r"(\w+://[^\s'\"?]*)\?[^\s'\"]+")
_HIDDEN = "***"


def is_url(path: str) -> bool:
    """Returns whether a path is a URL, such as ``s3://bucket/logs``, and not that of a local folder."""
    return "://" in path


def protocol_of(url: str) -> str:
    """Returns e.g. ``s3``; of a chained URL such as ``simplecache::s3://bucket``, the first protocol."""
    return url.partition("://")[0].partition("::")[0]


def redact(text: str) -> str:
    """Returns a text in which no URL has a user, a password or a query: these may be secrets."""
    return _QUERY.sub(rf"\1?{_HIDDEN}", _USER.sub(f"{_HIDDEN}@", text))


def has_credentials(url: str) -> bool:
    """Returns whether a URL carries what `redact` hides."""
    return redact(url) != url


def folder_name(path: str) -> str:
    """Returns the last name of a path or of a URL."""
    if is_url(path):
        return path.partition("?")[0].rstrip("/").rpartition("/")[2] or path
    return os.path.basename(os.path.abspath(path)) or path


def join_url(url: str, path: str) -> str:
    """Returns the URL of a file or folder below a folder. The query of the URL stays at its end."""
    folder, mark, query = url.partition("?")
    return f"{folder.rstrip('/')}/{path}{mark}{query}" if path not in ("", ".") else url
