"""The spool: a local folder with what is, or is to be, below a URL.

Everything is written to it first, by plain file operations. It outlives the process, so what was not uploaded when a
process was killed can be uploaded later. A file `MARKER` in it says where to, without credentials.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from tb_inputdiag.errors import ConfigurationError, LogNotFoundError, LogWriteError
from tb_inputdiag.urls import has_credentials, redact

__all__ = ["MARKER", "Spool", "spool_root"]

MARKER = "spool.json"
_ROOT_VARIABLE = "TB_INPUTDIAG_SPOOL"


def spool_root() -> Path:
    """Returns the folder of all spools: ``$TB_INPUTDIAG_SPOOL``, else in the user's cache."""
    named = os.environ.get(_ROOT_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(cache) / "tb_inputdiag" / "spool"


class Spool:
    """One spool.

    Args:
        folder: The local folder.
        url: Where its files belong; without credentials when it was read from `MARKER`.
        token: Tells this spool from others, on any machine.
        claims: Run directory in the spool -> directory below the URL, as far as it is known.
    """

    def __init__(self, folder: Path, url: str, token: str, claims: Mapping[str, str]) -> None:
        self.folder = folder
        self.url = url
        self.token = token
        self.claims = dict(claims)
        self.known_url = redact(url)
        """The URL that the spool was made for, without credentials."""

    @classmethod
    def create(cls, url: str) -> Spool:
        """Makes a new spool.

        Raises:
            LogWriteError: if it cannot be written.
        """
        token = f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
        slug = re.sub(r"[^A-Za-z0-9.-]+", "-", redact(url).partition("://")[2]).strip("-.")[-60:] or "log"
        spool = cls(spool_root() / f"{slug}-{token}", url, token, {})
        try:
            spool.folder.mkdir(parents=True, mode=0o700)
            spool._save()
        except OSError as error:
            raise LogWriteError(
                f"The spool {str(spool.folder)!r} of {redact(url)!r} cannot be written: {error.strerror or error}. "
                f"Set the environment variable {_ROOT_VARIABLE} to a local folder to which you may write."
            ) from error
        return spool

    @classmethod
    def open(cls, folder: Path, url: str | None = None) -> Spool:
        """Opens a spool that a process left behind.

        Args:
            folder: The folder.
            url: Where its files belong; None: what the spool says.

        Raises:
            LogNotFoundError: if there is no such folder.
            ConfigurationError: if it is not a spool and no URL is given, or its URL had credentials.
        """
        if not folder.is_dir():
            raise LogNotFoundError(f"There is no folder {str(folder)!r}.")
        try:
            known = json.loads((folder / MARKER).read_text(encoding="utf-8"))
            claims = {str(key): str(value) for key, value in known["claims"].items()}
            spool = cls(folder, str(known["url"]), str(known["token"]), claims)
        except FileNotFoundError:
            if url is None:
                raise ConfigurationError(
                    f"{str(folder)!r} is not a spool, so it does not say where its files belong. Give the URL, too."
                ) from None
            return cls(folder, url, secrets.token_hex(6), {})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{str(folder / MARKER)!r} cannot be read: {error}.") from None
        spool.known_url = spool.url
        if url is not None and redact(url) != redact(spool.url):
            spool.claims = {}  # they are about another place
        elif url is None and known.get("credentials"):
            raise ConfigurationError(
                f"The URL of this spool, {spool.url!r}, had credentials, which are not stored. Give the URL, too."
            )
        spool.url = url or spool.url
        return spool

    @property
    def is_marked(self) -> bool:
        """Whether the folder is a spool, and not a log that somebody wrote locally."""
        return (self.folder / MARKER).exists()

    def claim(self, directory: str, remote: str) -> None:
        """Notes where a run directory is below the URL."""
        self.claims[directory] = remote
        if self.is_marked:
            self._save()

    def claim_text(self) -> bytes:
        """Returns what the claim of a remote directory holds: who writes to it."""
        return json.dumps({"token": self.token, "host": socket.gethostname(), "pid": os.getpid()}).encode()

    def remove(self) -> None:
        """Deletes the folder: everything in it is at the URL."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _save(self) -> None:
        content = {
            "url": redact(self.url),
            "credentials": has_credentials(self.url),
            "token": self.token,
            "claims": self.claims,
        }
        new = self.folder / f"{MARKER}.new"
        new.write_text(json.dumps(content, indent=1), encoding="utf-8")
        new.replace(self.folder / MARKER)
