"""The Hugging Face Hub: asked before the first step, written in one commit, read back to prove it."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download

import data.hub
from data.errors import HubError
from data.hub import plain_errors


def preflight(repo: str, public: bool, flag: str, revision: str | None, tag: str | None) -> None:
    """Tries everything that could fail after hours of training: token, name, permission, branch, tag.

    An existing repository is checked; a missing one is created, empty, for no question short of that tells
    whether this token may.

    Raises:
        HubError: says what to mend.
    """
    there = data.hub.preflight(repo, "model", public, flag)
    with plain_errors(repo, "model"):
        api = HfApi()
        if not there:
            api.create_repo(repo, private=not public)
        if revision:
            api.create_branch(repo, branch=revision, exist_ok=True)
        if tag and any(t.name == tag for t in api.list_repo_refs(repo).tags):
            raise HubError(f"{repo} has a tag {tag} already, and tags are not moved; choose another --hub-tag")


def upload(folder: Path, repo: str, revision: str | None, tag: str | None, message: str) -> str:
    """Uploads `runs/<name>/model` in one commit and returns the commit's sha.

    Raises:
        HubError: nothing of the folder was lost, and nothing half is on the Hub.
    """
    with plain_errors(repo, "model"):
        api = HfApi()
        # Weights of an earlier encoder would be loaded instead of these if they stayed.
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            revision=revision,
            commit_message=message,
            delete_patterns=["*.safetensors", "*.safetensors.index.json", "*.bin"],
        )
        if tag:
            api.create_tag(repo, tag=tag, revision=commit.oid)
    return commit.oid


def download(repo: str, sha: str) -> Path:
    """A local folder with the repository as it stands at `sha`."""
    with plain_errors(repo, "model"):
        return Path(snapshot_download(repo, revision=sha))
