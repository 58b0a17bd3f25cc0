"""The file system behind a URL, by way of fsspec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tb_inputdiag.errors import ConfigurationError, LogNotFoundError, RemoteError
from tb_inputdiag.urls import protocol_of, redact

__all__ = ["RemoteFolder", "check_url"]

_T = TypeVar("_T")
_EXTRA = "pip install 'tb-inputdiag[remote]'"
_PACKAGES = {
    "abfs": "adlfs",
    "abfss": "adlfs",
    "adl": "adlfs",
    "az": "adlfs",
    "gcs": "gcsfs",
    "gs": "gcsfs",
    "hdfs": "pyarrow",
    "http": "aiohttp",
    "https": "aiohttp",
    "s3": "s3fs",
    "s3a": "s3fs",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "webdav": "webdav4",
    "webhdfs": "requests",
}
"""Protocol -> the package that fsspec needs for it."""
_NO_JAVA = (
    "hdfs:// needs Java and Hadoop's libraries on this machine, and did not find them (JAVA_HOME, HADOOP_HOME, "
    "CLASSPATH). webhdfs://HOST:PORT/... needs neither: HOST:PORT is the name node's address for HTTP, 9870 by default"
)
"""In the place of what pyarrow says, which is a line for each of 100 places where it has looked."""
_LONGEST_MESSAGE = 300
_OBJECT_STORES = frozenset({"abfs", "abfss", "adl", "az", "gcs", "gs", "s3", "s3a"})
"""They have no folders, only names with slashes."""


def check_url(url: str) -> None:
    """Makes sure that the packages for a URL are installed. Nothing is requested from its server.

    Raises:
        ConfigurationError: if one is missing, or the protocol is not known.
    """
    protocol = protocol_of(url)
    try:
        import fsspec
    except ImportError:
        package = _PACKAGES.get(protocol)
        more = f" {package}" if package else ""
        raise ConfigurationError(f"{redact(url)!r} needs fsspec. Install it: {_EXTRA}{more}") from None
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        hint = f"Install it: pip install {package}" if package else f"fsspec says: {error}"
        raise ConfigurationError(
            f"{redact(url)!r} needs the package {package or 'of its protocol'}, which is not installed. {hint}"
        ) from None
    except ValueError:
        raise ConfigurationError(
            f"The protocol {protocol!r} of {redact(url)!r} is not known to fsspec. Known are s3, gs, abfs, hdfs, "
            "memory, and what `fsspec.available_protocols()` lists."
        ) from None


class RemoteFolder:
    """A folder on another machine. Its paths are relative to it, with slashes.

    Credentials are those of the file system's own configuration, such as the environment or ``~/.aws``.

    Args:
        url: The folder.

    Raises:
        ConfigurationError: see `check_url`.
        RemoteError: if the file system refuses the URL.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        import fsspec

        self.url = url
        self.shown = redact(url)
        """The URL as it may be shown."""
        self._fs, self._root = self._asked(lambda: fsspec.core.url_to_fs(url))
        self._root = self._root.rstrip("/")

    def _asked(self, ask: Callable[[], _T]) -> _T:
        """Returns an answer of the file system, whose exceptions are of every kind."""
        try:
            return ask()
        except FileNotFoundError as error:
            raise LogNotFoundError(f"{self.shown!r} was not found: {redact(str(error))}") from None
        except Exception as error:
            raise RemoteError(f"{self.shown!r}: {_described(error)}") from None

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def sizes(self) -> dict[str, int]:
        """Returns path -> size in bytes of all files below the folder; ``""`` is the path of a URL of one file.

        Raises:
            RemoteError: if it cannot be listed.
        """

        def ask() -> dict[str, int]:
            self._fs.invalidate_cache()
            found: dict[str, Any] = (
                self._listed() if self._hides_errors("find") else self._fs.find(self._root, detail=True)
            )
            return {name[len(self._root) :].lstrip("/"): int(info["size"] or 0) for name, info in found.items()}

        return self._asked(ask)

    def exists(self, path: str) -> bool:
        """Returns whether there is such a file, or a file in such a folder.

        Raises:
            RemoteError: if it does not answer.
        """

        def ask() -> bool:
            self._fs.invalidate_cache()
            if not self._hides_errors("exists"):
                return bool(self._fs.exists(self._full(path)))
            try:
                self._fs.info(self._full(path))
            except FileNotFoundError:
                return False
            return True

        return self._asked(ask)

    def read(self, path: str, start: int = 0, end: int | None = None) -> bytes:
        """Returns the bytes from `start` to before `end`; fewer if the file is shorter. One request.

        Raises:
            LogNotFoundError: if there is no such file.
            RemoteError: if it cannot be read.
        """
        return self._asked(lambda: bytes(self._fs.cat_file(self._full(path), start=start or None, end=end)))

    def write(self, path: str, data: bytes) -> None:
        """Writes a whole file, in the place of an earlier one.

        Raises:
            RemoteError: if it cannot be written.
        """
        self._asked(lambda: self._in_folder(path, lambda full: self._fs.pipe_file(full, data)))

    def upload(self, path: str, local: str) -> None:
        """Writes a whole local file, which may be larger than memory.

        Raises:
            RemoteError: if it cannot be written.
        """
        self._asked(lambda: self._in_folder(path, lambda full: self._fs.put_file(local, full)))

    def create(self, path: str, data: bytes) -> bool:
        """Writes a file unless it exists. Returns whether it did not exist; of two processes, only one receives True.

        Where a file system cannot create files exclusively, two processes may both receive True.

        Raises:
            RemoteError: if it cannot be written.
        """
        if self.exists(path):
            return False
        try:
            self._in_folder(path, lambda full: self._fs.pipe_file(full, data, mode="create"))
        except Exception:  # it exists now, or the file system has no such mode
            if self.exists(path):
                return False
            self.write(path, data)
        return True

    def _hides_errors(self, method: str) -> bool:
        """Returns whether the file system has fsspec's own `find` or `exists`, which take every error for absence."""
        from fsspec.spec import AbstractFileSystem

        return getattr(type(self._fs), method) is getattr(AbstractFileSystem, method)

    def _listed(self) -> dict[str, Any]:
        """Returns path -> description of all files below the folder, one request for each folder."""
        found: dict[str, Any] = {}
        folders = [self._root]
        while folders:
            try:
                entries = self._fs.ls(folders.pop(), detail=True)
            except FileNotFoundError:  # nothing was written yet, or it was deleted just now
                continue
            for entry in entries:
                name = entry["name"].rstrip("/")
                if entry["type"] != "directory":
                    found[name] = entry
                elif name != self._root:
                    folders.append(name)
        return found

    def _in_folder(self, path: str, write: Callable[[str], object]) -> None:
        """Writes a file, and makes its folder first if there is none. Buckets are never made."""
        full = self._full(path)
        try:
            write(full)
        except FileNotFoundError:
            if protocol_of(self.url) in _OBJECT_STORES:
                raise
            self._fs.makedirs(full.rpartition("/")[0], exist_ok=True)
            write(full)


def _described(error: Exception) -> str:
    """Returns what an exception of a file system says, in one line and without secrets."""
    text = redact(str(error))
    if "libjvm" in text or "libhdfs" in text:
        return _NO_JAVA
    line = text.strip().partition("\n")[0]
    return f"{type(error).__name__}: {line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + '...'}"
