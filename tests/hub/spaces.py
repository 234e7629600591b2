"""The routes that only a Space has: variables, secrets, hardware, restarts. No Space really runs here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from .request import readable, writable
from .store import Refused, Repository, Space

router = APIRouter()

_SPACE = "/api/spaces/{owner}/{name}"


def visible(request: Request) -> Repository:
    request.path_params["kind"] = "spaces"
    return readable(request)


def changeable(request: Request) -> Space:
    request.path_params["kind"] = "spaces"
    space = writable(request).space
    assert space is not None
    return space


Visible = Annotated[Repository, Depends(visible)]
Changeable = Annotated[Space, Depends(changeable)]


def _settings(space: Space, what: str) -> tuple[dict[str, str], Response]:
    """The settings themselves, and how they look from outside: a secret's value never leaves the Hub."""
    if what == "variables":
        return space.variables, JSONResponse({k: {"key": k, "value": v} for k, v in space.variables.items()})
    if what == "secrets":
        return space.secrets, JSONResponse({key: {"key": key} for key in space.secrets})
    raise Refused(404, "Not found")


@router.get(_SPACE + "/runtime")
async def runtime(repo: Visible) -> Response:
    assert repo.space is not None
    stage = "PAUSED" if repo.space.paused else "RUNNING" if "app.py" in repo.files() else "NO_APP_FILE"
    hardware = {"current": repo.space.hardware, "requested": repo.space.hardware}
    return JSONResponse({"stage": stage, "hardware": hardware, "storage": None, "gcTimeout": None})


@router.post(_SPACE + "/restart")
async def restart(space: Changeable, repo: Visible) -> Response:
    space.restarts += 1
    space.paused = False
    return await runtime(repo)


@router.post(_SPACE + "/pause")
async def pause(space: Changeable, repo: Visible) -> Response:
    space.paused = True
    return await runtime(repo)


@router.post(_SPACE + "/hardware")
async def hardware(request: Request, space: Changeable, repo: Visible) -> Response:
    space.hardware = (await request.json())["flavor"]
    return await runtime(repo)


@router.get(_SPACE + "/{what}")
async def list_settings(space: Changeable, what: str) -> Response:
    return _settings(space, what)[1]


@router.post(_SPACE + "/{what}")
async def add_setting(request: Request, space: Changeable, what: str) -> Response:
    body = await request.json()
    _settings(space, what)[0][body["key"]] = body["value"]
    return _settings(space, what)[1]


@router.delete(_SPACE + "/{what}")
async def delete_setting(request: Request, space: Changeable, what: str) -> Response:
    _settings(space, what)[0].pop((await request.json())["key"], None)
    return _settings(space, what)[1]
