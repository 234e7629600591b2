"""Files in and out without Xet: `resolve` for reading, Git LFS for writing."""

from __future__ import annotations

from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from .request import (
    Readable,
    TheStore,
    Writable,
    base_url,
    check_signature,
    save_body,
    send_file,
    signature,
    wanted_range,
)
from .store import Refused

router = APIRouter()

# A model's page has no prefix. The prefixed paths come first, so that "datasets" is not taken for an owner.
_PAGES = ("/{kind}/{owner}/{name}", "/{owner}/{name}")


async def resolve(request: Request, store: TheStore, repo: Readable, revision: str, path: str) -> Response:
    """A file of a revision; headers tell the client what it may cache it under and whether Xet has it."""
    commit, path = repo.resolve(unquote(revision)), unquote(path)
    headers = {"X-Repo-Commit": commit.oid}
    file = commit.files.get(path)
    if file is None:  # naming the commit lets clients remember that there is no such file
        raise Refused(404, f"{path} does not exist", "EntryNotFound", headers=headers)
    headers["ETag"] = f'"{file.etag}"'
    if file.sha256 is None:
        part = wanted_range(request, file.size)
        start, end = part or (0, file.size)
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(end - start)}
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
        body = b"" if request.method == "HEAD" else store.read(file, start, end)
        return Response(body, 206 if part else 200, headers, "text/plain; charset=utf-8")
    headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    if xet_hash := request.app.state.cas.hashes.get(file.sha256):
        token = f"{base_url(request)}/api/{repo.kind}s/{repo.id}/xet-read-token/{commit.oid}"
        headers |= {
            "X-Xet-Hash": xet_hash,
            "X-Xet-Refresh-Route": token,
            "Link": f'<{token}>; rel="xet-auth"',
        }
    return send_file(request, store.large / file.sha256, headers)


async def lfs_batch(request: Request, store: TheStore, repo: Writable) -> Response:
    """Where to put each object; one without actions is here already."""
    answer = []
    for wanted in (await request.json())["objects"]:
        oid = wanted["oid"]
        entry = {"oid": oid, "size": wanted["size"]}
        if not store.has_large(oid):
            href = f"{base_url(request)}/lfs/{oid}?signature={signature('lfs' + oid)}"
            verify = f"{base_url(request)}{request.url.path.removesuffix('objects/batch')}verify"
            entry["actions"] = {"upload": {"href": href}, "verify": {"href": verify}}
        answer.append(entry)
    return JSONResponse({"transfer": "basic", "objects": answer}, media_type="application/vnd.git-lfs+json")


async def lfs_verify(request: Request, store: TheStore, repo: Writable) -> Response:
    if not store.has_large((await request.json())["oid"]):
        raise Refused(404, "object not found")
    return JSONResponse({})


@router.put("/lfs/{oid}")
async def lfs_upload(request: Request, store: TheStore, oid: str) -> Response:
    check_signature(request, "lfs" + oid)
    scratch = store.scratch()
    digest = await save_body(request, scratch)
    if digest != oid:
        scratch.unlink()
        raise Refused(400, f"content has sha256 {digest}, not {oid}")
    store.add_large(scratch, oid)
    return Response()


for page in _PAGES:
    router.add_api_route(page + "/resolve/{revision}/{path:path}", resolve, methods=["GET", "HEAD"])
    router.add_api_route(page + ".git/info/lfs/objects/batch", lfs_batch, methods=["POST"])
    router.add_api_route(page + ".git/info/lfs/verify", lfs_verify, methods=["POST"])
