"""Faults on demand: the Hub answers wrongly, slowly or not at all, exactly where a test wants it to.

A fault waits for requests whose method and path match, spends itself on the next `times` of them, and is
gone. The same outermost layer writes the log of every request, since it alone sees what really went out.

    hub.faults.add("/commit/", status=503)  # the next commit is refused
    hub.faults.add("/resolve/", method="HEAD", hang=60)  # the next look-up answers in a minute
    hub.faults.add("/commit/", cut="midway")  # done, but its answer breaks off
    hub.faults.add("/xorbs/", method="GET", times=9, corrupt=True)  # nine downloads with a flipped byte

From another process: `POST /_faults` with the same fields as JSON, `DELETE /_faults`, `GET /_log`.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Fault:
    """One of `status` (with `headers`), `body` (a wrong answer), `cut`, `corrupt`; `hang` goes with any.

    `cut="before"` closes the connection unanswered and undone; `cut="midway"` does what was asked and
    closes in the middle of the answer. `corrupt` flips a byte in the middle of what is sent.
    """

    path: str  # a regular expression, searched in the encoded path with its query
    method: str | None = None
    times: int = 1
    skip: int = 0  # how many matching requests pass unharmed first
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    hang: float = 0.0
    cut: Literal["before", "midway"] | None = None
    corrupt: bool = False

    def matches(self, method: str, path: str) -> bool:
        return self.method in (None, method) and re.search(self.path, path) is not None


@dataclass(frozen=True)
class Answered:
    """One line of the request log; status 0 means that no answer was sent."""

    method: str
    path: str
    status: int
    faulty: bool = False


class Faults:
    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.log: list[Answered] = []

    def add(self, path: str, **options: object) -> Fault:
        fault = Fault(path, **options)  # type: ignore[arg-type]
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request runs into, if any; used-up ones leave the list."""
        for fault in self.waiting:
            if fault.matches(method, path):
                if fault.skip:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None


class FaultLayer:
    """The outermost ASGI layer: logs each request and applies faults."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        method, path = scope["method"], scope["raw_path"].decode("ascii")
        if path in ("/_faults", "/_log"):
            return await self._control(method, path, receive, send)
        if scope["query_string"]:
            path += "?" + scope["query_string"].decode("ascii")
        fault = self.faults.take(method, path)
        status = 0

        async def logged(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            if fault is None:
                await self.app(scope, receive, logged)
            else:
                await self._misbehave(fault, scope, receive, logged)
        except asyncio.CancelledError:
            pass  # the Hub is going down; the connection is cut already
        finally:
            self.faults.log.append(Answered(method, path, status, fault is not None))

    async def _misbehave(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(fault.hang)
        if fault.status is not None or fault.body is not None:
            await read_body(receive)
            wrong = fault.body if fault.body is not None else json.dumps({"error": f"fault {fault.status}"})
            await answer(send, fault.status or 200, wrong.encode(), fault.headers)
        elif fault.cut == "before":
            await hang_up(receive)
        elif fault.cut == "midway":
            await self.app(scope, receive, half(send))
            await hang_up(receive)
        elif fault.corrupt:
            await self.app(scope, receive, flipped(send))
        else:
            await self.app(scope, receive, send)

    async def _control(self, method: str, path: str, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        if path == "/_log":
            return await answer(send, 200, json.dumps([asdict(line) for line in self.faults.log]).encode())
        if method == "DELETE":
            self.faults.clear()
        elif method == "POST":
            self.faults.add(**json.loads(body))
        await answer(send, 200, json.dumps([asdict(fault) for fault in self.faults.waiting]).encode())


async def read_body(receive: Receive) -> bytes:
    """Takes in the whole request: answering earlier would break the pipe that the client still writes to."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def answer(send: Send, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def hang_up(receive: Receive) -> None:
    """Closes the connection as it stands. ASGI has no word for this, so we reach into uvicorn."""
    receive.__self__.transport.close()  # type: ignore[attr-defined]
    while (await receive())["type"] != "http.disconnect":
        pass


def half(send: Send) -> Send:
    """Lets the head and half of the first piece of the body through, and nothing after."""
    head: Message | None = None
    done = False

    async def wrapped(message: Message) -> None:
        nonlocal head, done
        if message["type"] == "http.response.start":
            head = message
        elif not done:
            done = True
            if (body := message.get("body", b"")) and head is not None:
                await send(head)
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})

    return wrapped


def flipped(send: Send) -> Send:
    """Inverts one byte in the middle of every piece of the body: lengths and headers stay right."""

    async def wrapped(message: Message) -> None:
        if body := message.get("body"):
            middle = len(body) // 2
            message = {**message, "body": body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]}
        await send(message)

    return wrapped
