"""What every route needs of a request: the caller, the repository it names, the part of a body it wants.

The Hub's paths carry encoded slashes (`exp%2Fone` is one branch), so `RawPath` makes the router see the
path as it was sent, and each route decodes its own pieces.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .store import Account, Refused, Repository, Store

_BLOCK = 1 << 20
_SIGNING_KEY = secrets.token_bytes(32)


class RawPath:
    """Hands the still encoded path to the router, which would otherwise see it decoded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await self.app(scope, receive, send)


def the_store(request: Request) -> Store:
    return request.app.state.store


def caller(request: Request) -> Account | None:
    """Whose token this is; None without one. An unknown token is refused even for public things."""
    _, _, token = request.headers.get("authorization", "").partition("Bearer ")
    if not token:
        return None
    try:
        return request.app.state.store.accounts[token]
    except KeyError:
        raise Refused(401, "Invalid credentials in Authorization header") from None


TheStore = Annotated[Store, Depends(the_store)]
Caller = Annotated[Account | None, Depends(caller)]


def _repository(request: Request, *, write: bool) -> Repository:
    store, account = the_store(request), caller(request)
    part = request.path_params
    kind = part.get("kind", "models").removesuffix("s")
    repo_id = f"{unquote(part['owner'])}/{unquote(part['name'])}"
    if (new := store.moved.get((kind, repo_id))) is not None:
        store.find(kind, new, account)  # who may not see it is not told its new name either
        raise Moved(request.url.path.replace(f"/{repo_id}", f"/{quote(new)}", 1), request.url.query)
    return store.find(kind, repo_id, account, write=write)


def readable(request: Request) -> Repository:
    return _repository(request, write=False)


def writable(request: Request) -> Repository:
    return _repository(request, write=True)


Readable = Annotated[Repository, Depends(readable)]
Writable = Annotated[Repository, Depends(writable)]


class Moved(Exception):
    """The repository was renamed: the Hub forwards, keeping the method and the body."""

    def __init__(self, path: str, query: str) -> None:
        super().__init__(path)
        self.location = f"{path}?{query}" if query else path


def base_url(request: Request) -> str:
    """The address that the client used, for the absolute URLs in answers."""
    return f"http://{request.headers['host']}"


def signature(name: str) -> str:
    """Stands for a storage provider's signed URL: whoever holds it needs no token."""
    return hmac.new(_SIGNING_KEY, name.encode(), hashlib.sha256).hexdigest()


def check_signature(request: Request, name: str) -> None:
    if not hmac.compare_digest(request.query_params.get("signature", ""), signature(name)):
        raise Refused(403, "Access denied")


async def save_body(request: Request, target: Path) -> str:
    """Streams the body to `target` and returns its sha256; no file stays behind a broken upload."""
    digest = hashlib.sha256()
    try:
        with target.open("wb") as stream:
            async for block in request.stream():
                digest.update(block)
                stream.write(block)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return digest.hexdigest()


def wanted_range(request: Request, size: int) -> tuple[int, int] | None:
    """The slice [start, end) that a `Range` header asks for, cut to `size`; None without the header."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last N bytes
        return max(size - int(last), 0), size
    if int(first) >= size:
        raise Refused(416, "Range not satisfiable")
    return int(first), min(int(last) + 1, size) if last else size


def send_file(request: Request, path: Path, headers: dict[str, str]) -> Response:
    """Answers GET and HEAD with a file, whole or in part."""
    size = path.stat().st_size
    part = wanted_range(request, size)
    start, end = part or (0, size)
    headers = {**headers, "Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"

    def blocks() -> Iterator[bytes]:
        with path.open("rb") as stream:
            stream.seek(start)
            left = end - start
            while left > 0:
                block = stream.read(min(_BLOCK, left))
                left -= len(block)
                yield block

    body = b"" if request.method == "HEAD" else blocks()
    kind = StreamingResponse if request.method == "GET" else Response
    return kind(body, 206 if part else 200, headers, "application/octet-stream")


async def on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    one_line = " ".join(error.message.split()).encode("ascii", "replace").decode()  # fit for a header
    headers = {"X-Error-Message": one_line, **error.headers}
    if error.code:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.message, **error.body}, error.status, headers)


async def on_moved(request: Request, error: Exception) -> Response:
    assert isinstance(error, Moved)
    return Response(status_code=307, headers={"Location": error.location})
