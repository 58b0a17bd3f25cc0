"""A Hadoop file system's WebHDFS interface on this machine, as far as logs need it.

It answers as Hadoop does: a name node that has the names and redirects to a data node for the bytes, files that are
written in two steps (create, append), folders that exist or do not, exceptions as JSON.
"""

from __future__ import annotations

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_API = "/webhdfs/v1"
_DATA = "/data-node"


class WebHdfsServer:
    """The server. It can be stopped, and started again with what it has."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.folders = {"/"}
        self.refused: set[str] = set()
        """Operations that end with an exception: LISTSTATUS, CREATE, ..."""
        self.port = 0
        self.start()
        self.url = f"webhdfs://127.0.0.1:{self.port}/logs/run"

    def start(self) -> None:
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.answer(self)

            do_PUT = do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers as the name node or as the data node, by the path."""
        data = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        parts = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        path = urllib.parse.unquote(parts.path)
        if query["op"] in self.refused:
            self._refuse(handler, 403, "AccessControlException", f"Permission denied: user=somebody, op={query['op']}")
        elif path.startswith(_DATA):
            self._data(handler, query, path[len(_DATA) :], data)
        else:
            self._name(handler, query, path[len(_API) :].rstrip("/") or "/")

    def _name(self, handler: BaseHTTPRequestHandler, query: dict[str, str], path: str) -> None:
        operation = query["op"]
        if operation == "MKDIRS":
            self._make(path)
            self._send(handler, 200, {"boolean": True})
        elif operation != "CREATE" and path not in self.files and path not in self.folders:
            self._refuse(handler, 404, "FileNotFoundException", f"File does not exist: {path}")
        elif operation == "GETFILESTATUS":
            self._send(handler, 200, {"FileStatus": self._status(path, "")})
        elif operation == "LISTSTATUS":
            self._send(handler, 200, {"FileStatuses": {"FileStatus": self._listing(path)}})
        else:
            handler.send_response(307)
            address = f"http://127.0.0.1:{self.port}{_DATA}{urllib.parse.quote(path)}"
            handler.send_header("Location", f"{address}?{urllib.parse.urlencode(query)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    def _data(self, handler: BaseHTTPRequestHandler, query: dict[str, str], path: str, data: bytes) -> None:
        if query["op"] == "OPEN":
            start = int(query.get("offset", 0))
            self._send(handler, 200, self.files[path][start : start + int(query.get("length", 1 << 40))])
            return
        if query["op"] == "CREATE":
            self._make(path.rpartition("/")[0] or "/")
            self.files[path] = data
            self._send(handler, 201, b"")
            return
        self.files[path] += data
        self._send(handler, 200, b"")

    def _make(self, folder: str) -> None:
        while folder and folder not in self.folders:
            self.folders.add(folder)
            folder = folder.rpartition("/")[0]

    def _listing(self, path: str) -> list[dict[str, Any]]:
        if path in self.files:
            return [self._status(path, "")]
        inside = [name for name in (*self.files, *self.folders) if name != "/" and name.rpartition("/")[0] == path]
        return [self._status(name, name.rpartition("/")[2]) for name in sorted(inside)]

    def _status(self, path: str, suffix: str) -> dict[str, Any]:
        kind, length = ("FILE", len(self.files[path])) if path in self.files else ("DIRECTORY", 0)
        return {"pathSuffix": suffix, "type": kind, "length": length, "modificationTime": 0}

    def _refuse(self, handler: BaseHTTPRequestHandler, code: int, name: str, message: str) -> None:
        self._send(handler, code, {"RemoteException": {"exception": name, "message": message}})

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, code: int, answer: dict[str, Any] | bytes) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
