"""Looking at a repository: its summary, its tree, single paths, its history and its refs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from . import card
from .request import Readable, TheStore
from .store import Commit, File, Refused, git_oid

router = APIRouter()

_REPO = "/api/{kind}/{owner}/{name}"


def timestamp(date: datetime) -> str:
    """The one form that the client parses."""
    return date.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def file_entry(request: Request, file: File) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": file.path, "size": file.size, "oid": file.oid}
    if file.sha256:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
        if xet_hash := request.app.state.cas.hashes.get(file.sha256):
            entry["xetHash"] = xet_hash
    return entry


@router.get(_REPO)
@router.get(_REPO + "/revision/{revision}")
async def info(request: Request, store: TheStore, repo: Readable, revision: str = "main") -> Response:
    commit = repo.resolve(unquote(revision))
    readme = commit.files.get("README.md")
    metadata = card.read(store.read(readme).decode(errors="replace")) if readme else {}
    tags = metadata.get("tags") or []
    tags = [tags] if isinstance(tags, str) else list(tags)
    tags += [f"license:{metadata['license']}"] if "license" in metadata else []
    answer: dict[str, Any] = {
        "id": repo.id,
        "author": repo.owner,
        "sha": commit.oid,
        "createdAt": timestamp(repo.created),
        "lastModified": timestamp(commit.date),
        "private": repo.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": tags,
        "cardData": metadata,
        "siblings": [{"rfilename": path, **_blob(file, request)} for path, file in sorted(commit.files.items())],
    }
    if repo.kind == "model":
        answer |= {key: metadata[key] for key in ("pipeline_tag", "library_name", "model-index") if key in metadata}
    if repo.space:
        answer["sdk"] = repo.space.sdk
    return JSONResponse(answer)


def _blob(file: File, request: Request) -> dict[str, Any]:
    if request.query_params.get("blobs", "").lower() != "true":
        return {}
    lfs = {"sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
    return {"size": file.size, "blobId": file.oid, **({"lfs": lfs} if file.sha256 else {})}


def _last_change(commit: Commit, path: str) -> dict[str, str]:
    """The commit that gave `path` (a file, or a folder with "/") the content it has in `commit`."""

    def content(of: Commit) -> list[str]:
        return [file.oid for name, file in sorted(of.files.items()) if name == path or name.startswith(path)]

    latest = commit
    for older in commit.history():
        if content(older) != content(commit):
            break
        latest = older
    return {"id": latest.oid, "title": latest.title, "date": timestamp(latest.date)}


def _entries(request: Request, commit: Commit, folder: str, *, recursive: bool, expand: bool) -> list[dict]:
    """What lies in `folder` ("" or ending with "/"): files, and folders with an id made of their content."""
    entries: list[dict[str, Any]] = []
    folders: dict[str, list[str]] = {}
    for path, file in sorted(commit.files.items()):
        if not path.startswith(folder):
            continue
        above = path[len(folder) :].split("/")[:-1]
        for depth in range(1, len(above) + 1 if recursive else min(len(above), 1) + 1):
            folders.setdefault(folder + "/".join(above[:depth]), []).append(f"{path} {file.oid}")
        if recursive or not above:
            entries.append(file_entry(request, file))
    for path, content in folders.items():
        oid = git_oid("\n".join(content).encode(), "tree")
        entries.append({"type": "directory", "path": path, "size": 0, "oid": oid})
    for entry in entries if expand else ():
        name = entry["path"] + ("/" if entry["type"] == "directory" else "")
        entry["lastCommit"] = _last_change(commit, name)
    return sorted(entries, key=lambda entry: entry["path"])


@router.get(_REPO + "/tree/{revision}")
@router.get(_REPO + "/tree/{revision}/{path}")
async def tree(
    request: Request,
    repo: Readable,
    revision: str,
    path: str = "",
    recursive: bool = False,
    expand: bool = False,
) -> Response:
    commit, folder = repo.resolve(unquote(revision)), unquote(path).strip("/")
    folder = f"{folder}/" if folder else ""
    entries = _entries(request, commit, folder, recursive=recursive, expand=expand)
    if folder and not entries:
        raise Refused(404, f"{path} does not exist on {revision}", "EntryNotFound")
    return JSONResponse(entries)


@router.post(_REPO + "/paths-info/{revision}")
async def paths_info(request: Request, repo: Readable, revision: str) -> Response:
    form = parse_qs((await request.body()).decode())
    commit, expand = repo.resolve(unquote(revision)), form.get("expand", ["false"])[0].lower() == "true"
    wanted = {path.strip("/") for path in form.get("paths", [])}
    entries = _entries(request, commit, "", recursive=True, expand=expand)
    return JSONResponse([entry for entry in entries if entry["path"] in wanted])


@router.get(_REPO + "/commits/{revision}")
async def commits(repo: Readable, revision: str) -> Response:
    return JSONResponse(
        [
            {
                "id": commit.oid,
                "title": commit.title,
                "message": commit.message,
                "date": timestamp(commit.date),
                "authors": [{"user": commit.author}],
            }
            for commit in repo.commits(unquote(revision))
        ]
    )


@router.get(_REPO + "/refs")
async def refs(repo: Readable) -> Response:
    def listed(kind: str, named: dict[str, Commit]) -> list[dict[str, str]]:
        return [{"name": n, "ref": f"refs/{kind}/{n}", "targetCommit": c.oid} for n, c in named.items()]

    answer = {"branches": listed("heads", repo.branches), "tags": listed("tags", repo.tags)}
    return JSONResponse({**answer, "converts": [], "pullRequests": []})
