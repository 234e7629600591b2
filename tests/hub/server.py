"""Starts the Hub, says how to reach it, and lets a test look into it."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from . import api, files, listing, spaces, xet
from .faults import Answered, FaultLayer, Faults
from .request import Moved, RawPath, on_moved, on_refused
from .store import WRITE_TOKEN, Refused, Repository, Store
from .xet import Cas

# What must not leak from the developer's machine into a client under test.
_FOREIGN = ("HF_", "HUGGING", "TRANSFORMERS_", "DATASETS_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def application(store: Store, cas: Cas, faults: Faults) -> FaultLayer:
    app = FastAPI(openapi_url=None)
    app.state.store, app.state.cas = store, cas
    app.add_exception_handler(Refused, on_refused)
    app.add_exception_handler(Moved, on_moved)
    for part in (xet, api, listing, spaces, files):  # spaces late: its last route takes any word
        app.include_router(part.router)
    return FaultLayer(RawPath(app), faults)


class Hub:
    """A Hub on a port of its own, in a thread of this process.

    `stop()` and `start()` take it down and bring it back at the same address with everything it knew;
    `close()` ends it and removes its files.
    """

    def __init__(self, port: int = 0) -> None:
        self.store, self.faults = Store(), Faults()
        self.cas = Cas(self.store)
        self._app = application(self.store, self.cas, self.faults)
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Hub:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> list[Answered]:
        """Every request so far, in the order in which they ended."""
        return self.faults.log

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(self._app, log_level="warning", access_log=False, proxy_headers=False, lifespan="off")
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([listener],), name="tests-hub", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the test Hub did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Goes down at once, in the middle of whatever is going on: a crash, not a farewell."""
        if self._server is None or self._thread is None:
            return
        server = self._server
        server.should_exit = server.force_exit = True
        server.servers[0].get_loop().call_soon_threadsafe(self._drop_connections, server)
        self._thread.join(timeout=10)
        self._server = self._thread = None

    @staticmethod
    def _drop_connections(server: uvicorn.Server) -> None:
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # type: ignore[union-attr]

    def close(self) -> None:
        self.stop()
        self.store.close()

    def env(self, home: Path, token: str | None = WRITE_TOKEN, *, xet: bool = True, **more: str) -> dict[str, str]:
        """The environment of a client process. A fresh `home` is a fresh cache and no saved token."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_FOREIGN) and name.lower() not in _PROXIES
        }
        env |= {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        if token is not None:
            env["HF_TOKEN"] = token
        if not xet:
            env["HF_HUB_DISABLE_XET"] = "1"
        return env | more

    def repo(self, repo_id: str, kind: str = "model") -> Repository:
        return self.store.repositories[kind, repo_id]

    def read(self, repo_id: str, path: str, revision: str = "main", kind: str = "model") -> bytes:
        """The bytes of a pushed file as the Hub holds them."""
        return self.store.read(self.repo(repo_id, kind).files(revision)[path])

    def revoke(self, token: str) -> None:
        """From now on the token is unknown to the Hub."""
        self.store.accounts.pop(token, None)
