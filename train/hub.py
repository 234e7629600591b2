"""The Hugging Face Hub: asked before the first step, written in one commit, read back to prove it."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, get_token, snapshot_download
from huggingface_hub.errors import LocalTokenNotFoundError, RepositoryNotFoundError

from data.errors import HubError
from data.hub import plain_errors


def preflight(repo: str, public: bool, tag: str | None) -> None:
    """Tries everything that could fail after hours of training: token, name, permission, tag.

    An existing repository is checked; a missing one is created, empty, for no question short of that tells
    whether this token may.

    Raises:
        HubError: says what to mend.
    """
    with plain_errors(repo, "model"):
        api = HfApi()
        if not (get_token() or "").strip():
            raise LocalTokenNotFoundError()
        api.whoami()
        try:
            private = api.repo_info(repo).private
        except RepositoryNotFoundError:
            api.create_repo(repo, private=not public)
            private = not public
        if not private and not public:
            raise HubError(f"{repo} is a public repository; add --hub-public if this model may be seen by everybody")
        api.auth_check(repo, write=True)
        if tag and any(t.name == tag for t in api.list_repo_refs(repo).tags):
            raise HubError(f"{repo} has a tag {tag} already, and tags are not moved; choose another --hub-tag")


def upload(folder: Path, repo: str, revision: str | None, tag: str | None, message: str) -> str:
    """Uploads `runs/<name>/model` in one commit and returns the commit's sha.

    Raises:
        HubError: nothing of the folder was lost, and nothing half is on the Hub.
    """
    with plain_errors(repo, "model"):
        api = HfApi()
        if revision:
            api.create_branch(repo, branch=revision, exist_ok=True)
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
