"""What the Hub's client raises, as one sentence for a person."""

from collections.abc import Iterator
from contextlib import contextmanager

from data.errors import HubError

SECONDS_TO_ANSWER = 60.0  # the client itself would wait forever for a Hub that accepts and never answers


@contextmanager
def plain_errors(repo: str, kind: str = "dataset", hint: str = "") -> Iterator[None]:
    """Turn errors of the Hub's client about the `kind` (dataset, model) `repo` into HubError.

    `hint` follows the remedy where there is no such repository or no Hub, as the user may not have meant one.
    """
    import httpx2
    import huggingface_hub
    from huggingface_hub import constants, errors

    huggingface_hub.get_session().timeout = SECONDS_TO_ANSWER
    try:
        yield
    except errors.LocalTokenNotFoundError as error:
        raise HubError("there is no token for the Hub: log in with hf auth login, or set HF_TOKEN") from error
    except errors.OfflineModeIsEnabled as error:
        raise HubError(f"HF_HUB_OFFLINE is set, so {repo} is out of reach: unset it") from error
    except errors.HFValidationError as error:
        raise HubError(f"{repo!r} is not a repository name: it has the form org/name") from error
    except errors.GatedRepoError as error:
        raise HubError(f"{repo} asks for consent: accept its terms on its page on the Hub, then log in") from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{repo} has no such revision: check what stands after the @") from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(
            f"there is no {kind} {repo} on the Hub that you may see: check the name, or log in with hf auth "
            f"login if it is private{hint}"
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status == 401:
            raise HubError("the Hub does not know this token: log in again with hf auth login") from error
        if status == 403:
            raise HubError(f"this token may not do that with {repo}: it needs the write permission there") from error
        raise HubError(f"the Hub answered {status or 'with an error'} for {repo}: try again later") from error
    except ValueError as error:  # the card's YAML is checked by the Hub before anything is sent
        raise HubError(f"the Hub refuses what {repo} would be sent ({str(error).splitlines()[0]})") from error
    except (FileNotFoundError, PermissionError) as error:
        raise HubError(f"{error.filename} cannot be used ({error.strerror}): check the file") from error
    except (httpx2.HTTPError, RuntimeError, OSError) as error:  # uploads end in RuntimeError
        # `datasets` hides the offline mode in a ConnectionError
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else type(error).__name__
        raise HubError(f"the Hub cannot be reached for {repo} ({why}): check the network{hint}") from error


def preflight(repo: str, kind: str, public: bool, flag: str) -> bool:
    """Try what could fail late: name, token, permission. Returns whether the repository is there.

    A public repository is refused unless `public` (the option `flag`): everybody would see what is pushed.
    Raises HubError. Nothing is made or changed.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import LocalTokenNotFoundError, RepositoryNotFoundError
    from huggingface_hub.utils import validate_repo_id

    with plain_errors(repo, kind):
        validate_repo_id(repo)
        if "/" not in repo:
            raise HubError(f"{repo!r} is not a repository name: it has the form org/name")
        if not (get_token() or "").strip():
            raise LocalTokenNotFoundError
        api = HfApi()
        api.whoami()
        try:
            private = api.repo_info(repo, repo_type=kind).private
        except RepositoryNotFoundError:
            return False
        if not private and not public:
            raise HubError(f"{repo} is there and public: add {flag} if everybody may see what you push")
        api.auth_check(repo, repo_type=kind, write=True)
    return True
