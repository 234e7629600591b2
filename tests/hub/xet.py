"""Xet storage: the content-addressed store (CAS) that large files go to in production.

A file is cut into chunks by its content; chunks travel in *xorbs*; a *shard* tells of each file which
chunks of which xorbs, in order, make it up (its *terms*). Three rules of `hf-xet` 1.8 shape this module:
a xorb is announced (grant), put, and committed; a shard is answered by a stream of JSON lines; a download
asks for the terms (reconstruction) and then for byte ranges of xorbs.

The server rebuilds every file from its chunks when the shard arrives and compares the sha256, so a push
that went through is a push whose bytes are really there. Hashes of the Merkle trees are taken as names.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import pyarrow
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from .request import (
    TheStore,
    base_url,
    check_signature,
    readable,
    save_body,
    send_file,
    signature,
    wanted_range,
    writable,
)
from .store import Refused, Store

_ENTRY = 48  # bytes of every record in a shard
_BOOKEND = b"\xff" * 32
_WITH_VERIFICATION, _WITH_SHA256 = 1 << 31, 1 << 30
_TOKEN_LIFETIME = 3600  # seconds; the client renews a token a minute before its end


@dataclass(frozen=True)
class Chunk:
    """Where a chunk lies in its xorb: an 8-byte header, then `packed` bytes that unpack to `size`."""

    offset: int
    packed: int
    scheme: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + 8 + self.packed


@dataclass(frozen=True)
class Term:
    """The chunks [start, end) of one xorb; `size` is what they unpack to."""

    xorb: str
    start: int
    end: int
    size: int


@dataclass
class Cas:
    store: Store
    xorbs: dict[str, list[Chunk]] = field(default_factory=dict)
    files: dict[str, list[Term]] = field(default_factory=dict)  # file hash -> terms
    hashes: dict[str, str] = field(default_factory=dict)  # sha256 -> file hash
    tokens: dict[str, str] = field(default_factory=dict)  # access token -> scope

    def issue(self, scope: str) -> str:
        token = f"xet_{secrets.token_hex(16)}"
        self.tokens[token] = scope
        return token

    def add_xorb(self, xorb: str, data: bytes) -> None:
        self.xorbs[xorb] = list(read_chunks(data))
        (self.store.xorbs / xorb).write_bytes(data)

    def add_shard(self, data: bytes) -> None:
        """Learns the files of a shard and rebuilds each, which proves that their chunks are here."""
        for file_hash, sha256, terms in read_shard(data):
            for term in terms:
                if term.end > len(self.xorbs.get(term.xorb, ())):
                    raise Refused(400, f"shard refers to chunks that were never uploaded: {term}")
            if not self.store.has_large(sha256):
                scratch, digest = self.store.scratch(), hashlib.sha256()
                with scratch.open("wb") as stream:
                    for block in self.rebuild(terms):
                        digest.update(block)
                        stream.write(block)
                if digest.hexdigest() != sha256:
                    scratch.unlink()
                    raise Refused(400, f"rebuilt file has sha256 {digest.hexdigest()}, not {sha256}")
                self.store.add_large(scratch, sha256)
            self.files[file_hash], self.hashes[sha256] = terms, file_hash

    def rebuild(self, terms: list[Term]) -> Iterator[bytes]:
        for term in terms:
            chunks = self.xorbs[term.xorb][term.start : term.end]
            with (self.store.xorbs / term.xorb).open("rb") as stream:
                for chunk in chunks:
                    stream.seek(chunk.offset + 8)
                    yield unpack(stream.read(chunk.packed), chunk.scheme, chunk.size)


def hash_name(raw: bytes) -> str:
    """Xet writes a hash as four little-endian 64-bit numbers, each in hexadecimal."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", raw))


def read_chunks(xorb: bytes) -> Iterator[Chunk]:
    """Header of a chunk: version 0, packed size (3 bytes), scheme, unpacked size (3 bytes)."""
    offset = 0
    while offset + 8 <= len(xorb) and xorb[offset] == 0:  # a footer starts with a letter
        packed, size = (int.from_bytes(xorb[offset + at : offset + at + 3], "little") for at in (1, 5))
        chunk = Chunk(offset, packed, xorb[offset + 4], size)
        if chunk.end > len(xorb):
            raise Refused(400, "xorb ends in the middle of a chunk")
        yield chunk
        offset = chunk.end


def unpack(data: bytes, scheme: int, size: int) -> bytes:
    """Schemes: 0 as it is, 1 an LZ4 frame, 2 an LZ4 frame of the bytes grouped by position modulo four."""
    if scheme == 0:
        return data
    if scheme not in (1, 2):
        raise Refused(400, f"unknown compression scheme {scheme}")
    try:
        plain = pyarrow.decompress(data, decompressed_size=size, codec="lz4", asbytes=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise Refused(400, f"chunk does not unpack: {error}") from error
    if scheme == 1:
        return plain
    whole, at = bytearray(size), 0
    for lane in range(4):
        length = (size - lane + 3) // 4
        whole[lane::4] = plain[at : at + length]
        at += length
    return bytes(whole)


def read_shard(data: bytes) -> Iterator[tuple[str, str, list[Term]]]:
    """Yields (file hash, sha256, terms) of each file; what follows them (the list of xorbs) is not needed."""
    at = _ENTRY  # after the header
    while (header := data[at : at + _ENTRY])[:32] != _BOOKEND:
        flags, count = struct.unpack_from("<II", header, 32)
        at += _ENTRY
        terms = []
        for _ in range(count):
            _, size, start, end = struct.unpack_from("<4I", data, at + 32)
            terms.append(Term(hash_name(data[at : at + 32]), start, end, size))
            at += _ENTRY
        if flags & _WITH_VERIFICATION:
            at += _ENTRY * count
        if not flags & _WITH_SHA256:
            raise Refused(400, "shard without the sha256 of a file")
        yield hash_name(header[:32]), hash_name(data[at : at + 32]), terms
        at += _ENTRY


def merged(terms: list[Term]) -> list[tuple[str, int, int]]:
    """The chunk ranges (xorb, start, end) that `terms` need, without overlaps.

    A file that repeats itself has terms that overlap; `hf-xet` panics when they are not merged.
    """
    ranges: list[tuple[str, int, int]] = []
    for xorb, start, end in sorted({(term.xorb, term.start, term.end) for term in terms}):
        if ranges and ranges[-1][0] == xorb and start <= ranges[-1][2]:
            _, start, before = ranges.pop()
            end = max(end, before)
        ranges.append((xorb, start, end))
    return ranges


# -- routes ---------------------------------------------------------------------------------------------

router = APIRouter()


def the_cas(request: Request) -> Cas:
    return request.app.state.cas


TheCas = Annotated[Cas, Depends(the_cas)]


@router.get("/api/{kind}/{owner}/{name}/xet-{scope}-token/{revision}")
async def give_token(request: Request, cas: TheCas, scope: str) -> Response:
    (writable if scope == "write" else readable)(request)
    token, url, end = cas.issue(scope), f"{base_url(request)}/cas", int(time.time()) + _TOKEN_LIFETIME
    headers = {"X-Xet-Cas-Url": url, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(end)}
    return JSONResponse({"casUrl": url, "accessToken": token, "exp": end}, headers=headers)


def require(request: Request, scope: str) -> None:
    granted = the_cas(request).tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if granted is None:
        raise Refused(401, "Unauthorized")
    if scope == "write" and granted != "write":
        raise Refused(403, "Forbidden: the token's scope is read")


@router.post("/cas/v1/xorb-grants/default/{xorb}")
async def grant_xorb(request: Request, cas: TheCas, xorb: str) -> Response:
    require(request, "write")
    if xorb in cas.xorbs:
        return JSONResponse({})
    url = f"{base_url(request)}/xorbs/{xorb}?signature={signature('put' + xorb)}"
    return JSONResponse({"id": xorb, "method": "PUT", "url": url, "headers": {}}, 201)


@router.put("/xorbs/{xorb}")
async def put_xorb(request: Request, store: TheStore, xorb: str) -> Response:
    check_signature(request, "put" + xorb)
    scratch = store.scratch()
    await save_body(request, scratch)
    scratch.replace(store.folder / f"granted-{xorb}")
    return Response()


@router.post("/cas/v1/xorb-commits/default/{xorb}/grant/{grant}")
async def commit_xorb(request: Request, cas: TheCas, xorb: str, grant: str) -> Response:
    require(request, "write")
    granted = cas.store.folder / f"granted-{grant}"
    if not granted.is_file():
        raise Refused(404, "no data was uploaded for this grant")
    cas.add_xorb(xorb, granted.read_bytes())
    granted.unlink()
    return JSONResponse({"was_inserted": True})


@router.post("/cas/v2/shards")
async def add_shard(request: Request, cas: TheCas) -> Response:
    require(request, "write")
    cas.add_shard(await request.body())
    return PlainTextResponse('{"type":"result"}\n', media_type="application/x-ndjson")


@router.get("/cas/v1/chunks/{prefix}/{chunk}")
async def find_chunk(request: Request) -> Response:
    """Deduplication against the whole Hub: nothing known here is an answer that is always right."""
    require(request, "read")
    raise Refused(404, "chunk not tracked")


@router.get("/cas/v2/reconstructions/{file_hash}")
async def reconstruct(request: Request, cas: TheCas, file_hash: str) -> Response:
    require(request, "read")
    if file_hash not in cas.files:
        raise Refused(404, "file not found")
    terms = cas.files[file_hash]
    first, last = wanted_range(request, sum(term.size for term in terms)) or (0, 1 << 62)
    kept, skipped, at = [], 0, 0
    for term in terms:
        if at < last and at + term.size > first:
            skipped = first - at if not kept else skipped
            kept.append(term)
        at += term.size
    fetch: dict[str, list[dict]] = {}
    for xorb, start, end in merged(kept):
        chunks = cas.xorbs[xorb][start:end]
        part = {
            "chunks": {"start": start, "end": end},
            "bytes": {"start": chunks[0].offset, "end": chunks[-1].end - 1},
        }
        url = f"{base_url(request)}/xorbs/{xorb}?signature={signature('get' + xorb)}"
        fetch.setdefault(xorb, []).append({"url": url, "ranges": [part]})
    return JSONResponse(
        {
            "offset_into_first_range": skipped,
            "terms": [
                {"hash": t.xorb, "unpacked_length": t.size, "range": {"start": t.start, "end": t.end}} for t in kept
            ],
            "xorbs": fetch,
        }
    )


@router.get("/xorbs/{xorb}")
async def get_xorb(request: Request, store: TheStore, xorb: str) -> Response:
    check_signature(request, "get" + xorb)
    return send_file(request, store.xorbs / xorb, {})
