"""The Hub's REST routes for repositories: who one is, create, look, commit, branch, tag, rename, delete."""

from __future__ import annotations

import base64
import codecs
import json
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from . import card
from .request import Caller, Readable, TheStore, Writable, base_url
from .store import Account, File, Refused, Repository, large_file

router = APIRouter()

_REPO = "/api/{kind}/{owner}/{name}"
_REGULAR_LIMIT = 10 << 20  # bytes; larger files are LFS even when they are text


def page_url(request: Request, repo: Repository) -> str:
    return f"{base_url(request)}/{'' if repo.kind == 'model' else repo.kind + 's/'}{repo.id}"


# -- accounts -------------------------------------------------------------------------------------------


@router.get("/api/whoami-v2")
async def whoami(account: Caller) -> Response:
    if account is None:
        raise Refused(401, "Invalid username or password.")
    return JSONResponse(
        {
            "type": "user",
            "name": account.name,
            "fullname": account.name.title(),
            "orgs": [{"type": "org", "name": name, "roleInOrg": account.role} for name in account.organizations],
            "auth": {"type": "access_token", "accessToken": {"displayName": "tests", "role": account.role}},
        }
    )


@router.get(_REPO + "/auth-check")
async def auth_check(repo: Readable) -> Response:
    return JSONResponse({})


@router.get(_REPO + "/auth-check/write")
async def auth_check_write(repo: Writable) -> Response:
    return JSONResponse({})


# -- repositories as wholes -----------------------------------------------------------------------------


def _named(body: dict[str, Any], account: Account | None) -> tuple[str, str]:
    """Kind and id of the repository that a create or delete request names."""
    if account is None:
        raise Refused(401, "Invalid username or password.")
    return body.get("type") or "model", f"{body.get('organization') or account.name}/{body['name']}"


@router.post("/api/repos/create")
async def create(request: Request, store: TheStore, account: Caller) -> Response:
    body = await request.json()
    kind, repo_id = _named(body, account)
    assert account is not None
    try:
        repo = store.create(account, kind, repo_id, body.get("visibility") or "public", body.get("sdk"))
    except Refused as error:
        if error.status == 409:  # with exist_ok the client takes the address from this very answer
            error.body["url"] = page_url(request, store.repositories[kind, repo_id])
        raise
    if repo.space:
        repo.space.hardware = body.get("hardware") or repo.space.hardware
        repo.space.secrets = {item["key"]: item["value"] for item in body.get("secrets") or []}
        repo.space.variables = {item["key"]: item["value"] for item in body.get("variables") or []}
    return JSONResponse({"url": page_url(request, repo), "name": repo.id, "id": repo.id})


@router.delete("/api/repos/delete")
async def delete(request: Request, store: TheStore, account: Caller) -> Response:
    kind, repo_id = _named(await request.json(), account)
    store.find(kind, repo_id, account, write=True)
    del store.repositories[kind, repo_id]
    return JSONResponse({})


@router.post("/api/repos/move")
async def move(request: Request, store: TheStore, account: Caller) -> Response:
    body = await request.json()
    store.find(body["type"], body["fromRepo"], account, write=True)
    store.move(body["type"], body["fromRepo"], body["toRepo"])
    return JSONResponse({})


@router.put(_REPO + "/settings")
async def change_settings(request: Request, repo: Writable) -> Response:
    repo.visibility = (await request.json()).get("visibility", repo.visibility)
    return JSONResponse({"private": repo.private})


@router.post("/api/validate-yaml")
async def validate_card(request: Request) -> Response:
    body = await request.json()
    _, errors, warnings = card.check(body["content"], body.get("repoType", "model"))
    answer = {"errors": [{"message": m} for m in errors], "warnings": [{"message": m} for m in warnings]}
    return JSONResponse(answer, 400 if errors else 200)


# -- changing -------------------------------------------------------------------------------------------


@router.post(_REPO + "/preupload/{revision}")
async def preupload(request: Request, repo: Writable, revision: str) -> Response:
    """Tells for each file whether it travels inside the commit, and what the branch holds at its path now."""
    held = repo.resolve(unquote(revision)).files
    answer = []
    for wanted in (await request.json())["files"]:
        large = wanted["size"] > _REGULAR_LIMIT or _is_binary(base64.b64decode(wanted["sample"]))
        now = held.get(wanted["path"])
        answer.append(
            {
                "path": wanted["path"],
                "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": False,
                "oid": now.etag if now else None,
            }
        )
    return JSONResponse({"files": answer})


def _is_binary(sample: bytes) -> bool:
    try:  # incremental, for the sample may end within a character
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return True
    return b"\0" in sample


@router.post(_REPO + "/commit/{revision}")
async def commit(request: Request, store: TheStore, repo: Writable, account: Caller, revision: str) -> Response:
    assert account is not None
    header: dict[str, str] = {}
    added: list[File] = []
    deleted: list[str] = []
    for line in (await request.body()).splitlines():
        item = json.loads(line)
        value = item["value"]
        match item["key"]:
            case "header":
                header = value
            case "file":
                added.append(store.add_blob(value["path"], base64.b64decode(value["content"])))
            case "lfsFile":
                size = (store.large / value["oid"]).stat().st_size if store.has_large(value["oid"]) else 0
                added.append(large_file(value["path"], value["oid"], size))
            case "deletedFile":
                deleted.append(value["path"])
            case "deletedFolder":
                deleted.append(value["path"].rstrip("/") + "/")
            case unknown:
                raise Refused(400, f"unknown operation {unknown}")
    for file in added:
        if file.path == "README.md" and file.sha256 is None:
            _, errors, _ = card.check(store.read(file).decode(errors="replace"), repo.kind)
            if errors:
                raise Refused(400, f"Invalid metadata in README.md: {'; '.join(errors)}")
    made = store.commit(
        repo,
        unquote(revision),
        added=added,
        deleted=deleted,
        title=header.get("summary", ""),
        message=header.get("description", ""),
        parent=header.get("parentCommit"),
        author=account.name,
    )
    return JSONResponse({"commitUrl": f"{page_url(request, repo)}/commit/{made.oid}", "commitOid": made.oid})


@router.post(_REPO + "/branch/{branch}")
async def create_branch(request: Request, repo: Writable, branch: str) -> Response:
    branch = unquote(branch)
    if branch in repo.branches:
        raise Refused(409, f"Reference already exists: {branch}")
    repo.branches[branch] = repo.resolve((await request.json()).get("startingPoint", "main"))
    return JSONResponse({})


@router.delete(_REPO + "/branch/{branch}")
async def delete_branch(repo: Writable, branch: str) -> Response:
    if unquote(branch) == "main":
        raise Refused(403, "Cannot delete the default branch")
    if repo.branches.pop(unquote(branch), None) is None:
        raise Refused(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    return JSONResponse({})


@router.post(_REPO + "/tag/{revision}")
async def create_tag(request: Request, repo: Writable, revision: str) -> Response:
    tag = (await request.json())["tag"]
    if tag in repo.tags:
        raise Refused(409, f"Tag reference exists already: {tag}")
    repo.tags[tag] = repo.resolve(unquote(revision))
    return JSONResponse({})


@router.delete(_REPO + "/tag/{tag}")
async def delete_tag(repo: Writable, tag: str) -> Response:
    if repo.tags.pop(unquote(tag), None) is None:
        raise Refused(404, f"Invalid rev id: {tag}", "RevisionNotFound")
    return JSONResponse({})
