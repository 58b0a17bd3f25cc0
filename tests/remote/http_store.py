"""A store behind HTTP on this machine that fails at random, and the fsspec file system for it.

It has what object stores have (whole writes, ranged reads, listings by prefix) and nothing else.
"""

from __future__ import annotations

import io
import json
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fsspec
from fsspec.spec import AbstractFileSystem


class StoreServer:
    """The server. Its counts and settings may be read and changed at any time."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.failing = 0.0
        """Share of the requests that fail: half of them with 503, half by a broken connection."""
        self.delay_s = 0.0
        self.requests = {"GET": 0, "PUT": 0, "LIST": 0}
        self.sent_bytes = 0
        self.puts: list[tuple[float, str]] = []
        """(time.monotonic(), name) of each write that succeeded."""
        self._random = random.Random(0)
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                store.answer(self)

            def do_PUT(self) -> None:
                store.take(self)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"teststore://127.0.0.1:{self._server.server_port}/bucket"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _fails(self, handler: BaseHTTPRequestHandler) -> bool:
        time.sleep(self.delay_s)
        if self._random.random() >= self.failing:
            return False
        if self._random.random() < 0.5:
            handler.close_connection = True
            handler.connection.close()
        else:
            self._send(handler, 503, b"slow down")
        return True

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, code: int, data: bytes) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        data = handler.rfile.read(int(handler.headers["Content-Length"]))
        if self._fails(handler):
            return
        name = urllib.parse.unquote(handler.path)
        if handler.headers.get("If-None-Match") == "*" and name in self.objects:
            self._send(handler, 412, b"")
            return
        self.requests["PUT"] += 1
        self.objects[name] = data
        self.puts.append((time.monotonic(), name))
        self._send(handler, 200, b"")

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if self._fails(handler):
            return
        path, _, query = handler.path.partition("?")
        name = urllib.parse.unquote(path)
        if query == "list":
            self.requests["LIST"] += 1
            sizes = {key: len(data) for key, data in list(self.objects.items()) if key.startswith(name)}
            self._send(handler, 200, json.dumps(sizes).encode())
            return
        self.requests["GET"] += 1
        data = self.objects.get(name)
        if data is None:
            self._send(handler, 404, b"")
            return
        wanted = handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")
        part = data[int(wanted[0]) : int(wanted[1]) + 1 if wanted[1] else None]
        self.sent_bytes += len(part)
        self._send(handler, 206, part)


class TestStoreFileSystem(AbstractFileSystem):
    """The file system ``teststore://HOST:PORT/BUCKET/...``."""

    __test__ = False  # pytest takes its name for a test's
    protocol = "teststore"
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("teststore://").rstrip("/")

    @staticmethod
    def _ask(path: str, method: str = "GET", data: bytes | None = None, **headers: str) -> bytes:
        url = "http://" + urllib.parse.quote(path, safe="/:?=")
        request = urllib.request.Request(
            url, data, {name.replace("_", "-"): text for name, text in headers.items()}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise FileNotFoundError(path) from None
            if error.code == 412:
                raise FileExistsError(path) from None
            raise OSError(f"{error.code} {error.reason} for {url}?token=secret-token") from None

    def _sizes(self, path: str) -> dict[str, int]:
        host, _, _ = path.partition("/")
        return {host + name: size for name, size in json.loads(self._ask(path + "?list")).items()}

    def find(self, path: str, maxdepth: Any = None, withdirs: bool = False, detail: bool = False, **kwargs: Any) -> Any:
        path = self._strip_protocol(path)
        sizes = {name: n for name, n in self._sizes(path).items() if name == path or name.startswith(path + "/")}
        return {name: {"name": name, "size": n, "type": "file"} for name, n in sizes.items()} if detail else list(sizes)

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        path = self._strip_protocol(path)
        found: dict[str, dict[str, Any]] = {}
        for name, info in self.find(path, detail=True).items():
            child, deeper, _ = name[len(path) + 1 :].partition("/")
            inside = f"{path}/{child}" if child else path
            found[inside] = {"name": inside, "size": 0, "type": "directory"} if deeper else info
        if not found:
            raise FileNotFoundError(path)
        return list(found.values()) if detail else list(found)

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        return io.BytesIO(self.cat_file(path))

    def exists(self, path: str, **kwargs: Any) -> bool:
        return bool(self.find(path))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        if end is not None and end <= (start or 0):
            return b""
        return self._ask(self._strip_protocol(path), Range=f"bytes={start or 0}-{'' if end is None else end - 1}")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        only_new = {"If_None_Match": "*"} if mode == "create" else {}
        self._ask(self._strip_protocol(path), "PUT", value, **only_new)


fsspec.register_implementation("teststore", TestStoreFileSystem, clobber=True)
