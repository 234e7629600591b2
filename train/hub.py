"""The Hugging Face Hub: asked before the first step, written in one commit, read back to prove it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub import HfApi, get_token, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from train.errors import HubError

# The client has no timeout of its own: a Hub that accepts a connection and never answers would hang a run.
SECONDS_TO_ANSWER = 60.0


def preflight(repo: str, public: bool, tag: str | None) -> None:
    """Tries everything that could fail after hours of training: token, name, permission, tag.

    An existing repository is checked; a missing one is created, empty, for no question short of that tells
    whether this token may.

    Raises:
        HubError: says what to mend.
    """
    with _plain_errors(repo):
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
            raise HubError(f"{repo} is a public repository; add --hub-public if this model may be seen by everybody.")
        api.auth_check(repo, write=True)
        if tag and any(t.name == tag for t in api.list_repo_refs(repo).tags):
            raise HubError(f"{repo} has a tag {tag} already, and tags are not moved; choose another --hub-tag.")


def upload(folder: Path, repo: str, revision: str | None, tag: str | None, message: str) -> str:
    """Uploads `runs/<name>/model` in one commit and returns the commit's sha.

    Raises:
        HubError: nothing of the folder was lost, and nothing half is on the Hub.
    """
    with _plain_errors(repo):
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
    with _plain_errors(repo):
        return Path(snapshot_download(repo, revision=sha))


@contextmanager
def _plain_errors(repo: str) -> Iterator[None]:
    """Turns what the client raises into one sentence for the person at the terminal."""
    huggingface_hub.get_session().timeout = SECONDS_TO_ANSWER
    host = os.environ.get("HF_ENDPOINT", "huggingface.co")
    try:
        yield
    except LocalTokenNotFoundError:
        raise HubError("no token for the Hub: run 'hf auth login' or set HF_TOKEN to one that may write.") from None
    except OfflineModeIsEnabled:
        raise HubError("HF_HUB_OFFLINE is set, so nothing can be pushed; unset it.") from None
    except HFValidationError:
        raise HubError(f"{repo!r} is not a repository name; it has the form org/name.") from None
    except (GatedRepoError, RepositoryNotFoundError) as error:
        raise HubError(f"{repo} does not exist on {host}, or this token may not see it.") from error
    except RevisionNotFoundError as error:
        raise HubError(f"{repo} has no such revision on {host}.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status == 401:
            raise HubError("the Hub does not know this token; run 'hf auth login' again.") from error
        if status == 403:
            raise HubError(f"this token may not write to {repo}; it needs the write permission there.") from error
        raise HubError(f"{host} answered {status or 'with an error'} for {repo}; try again later.") from error
    except (httpx2.HTTPError, RuntimeError, OSError) as error:
        raise HubError(
            f"{host} cannot be reached ({type(error).__name__}); nothing is lost, try again later."
        ) from error
