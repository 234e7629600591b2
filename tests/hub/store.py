"""What the Hub remembers: accounts, repositories, commits, refs and the bytes behind them.

Plain Python without a word of HTTP, so that a test can look into it directly. Small files are kept as git
blobs in memory; large files (LFS and Xet alike) lie content-addressed in a temporary folder, because a test
pushes the same 90 MB model many times. Nothing locks: every change happens on the server's one event loop.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

KINDS = ("model", "dataset", "space")
WRITE_TOKEN = "hf_test_write_0123456789abcdef"
READ_TOKEN = "hf_test_read_0123456789abcdef"
OUTSIDER_TOKEN = "hf_test_outsider_0123456789abcdef"

_NAME = re.compile(r"^(?!.*(--|\.\.))[A-Za-z0-9][A-Za-z0-9._-]{0,94}[A-Za-z0-9]$|^[A-Za-z0-9]$")
_SHA = re.compile(r"^[0-9a-f]{7,40}$")
_GITATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.parquet filter=lfs diff=lfs merge=lfs -text\n"


class Refused(Exception):
    """The Hub says no: `status` and `code` are what the client reads (`X-Error-Code`).

    `body` joins the JSON of the answer, `headers` its headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        headers: dict | None = None,
        **body: object,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers, self.body = headers or {}, body


@dataclass(frozen=True)
class Account:
    """Whom a token belongs to, and whether that token may write."""

    name: str
    role: str  # "write" or "read"
    organizations: tuple[str, ...] = ()

    def owns(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.organizations


@dataclass(frozen=True)
class File:
    """One file of one commit: a git blob, or a pointer to a large file named by its sha256."""

    path: str
    size: int
    oid: str  # git's sha1: of the content, or of the LFS pointer's text
    sha256: str | None = None  # only for large files
    pointer_size: int = 0

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    message: str
    author: str
    date: datetime
    files: dict[str, File]
    parent: Commit | None = None

    def history(self) -> Iterator[Commit]:
        """This commit and its ancestors, newest first."""
        commit: Commit | None = self
        while commit is not None:
            yield commit
            commit = commit.parent


@dataclass
class Space:
    """What only a Space has. Secret values are kept so that a test can see what a Space would see."""

    sdk: str
    hardware: str = "cpu-basic"
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    restarts: int = 0
    paused: bool = False


@dataclass
class Repository:
    kind: str
    id: str
    visibility: str
    branches: dict[str, Commit]
    tags: dict[str, Commit] = field(default_factory=dict)
    space: Space | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def private(self) -> bool:
        return self.visibility != "public"

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    def resolve(self, revision: str) -> Commit:
        """The commit that a branch, a tag or a (shortened) sha names."""
        for refs in (self.branches, self.tags):
            if revision in refs:
                return refs[revision]
        if _SHA.match(revision):
            for head in (*self.branches.values(), *self.tags.values()):
                for commit in head.history():
                    if commit.oid.startswith(revision):
                        return commit
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def files(self, revision: str = "main") -> dict[str, File]:
        return dict(self.resolve(revision).files)

    def commits(self, revision: str = "main") -> list[Commit]:
        """Newest first, as the Hub lists them."""
        return list(self.resolve(revision).history())


def git_oid(data: bytes, kind: str = "blob") -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data).hexdigest()


def large_file(path: str, sha256: str, size: int) -> File:
    """The git side of a large file is a small text that points to it."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return File(path, size, git_oid(pointer), sha256, len(pointer))


class Store:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tests-hub-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self.large = self.folder / "large"  # sha256 -> bytes
        self.xorbs = self.folder / "xorbs"  # xorb hash -> bytes, see xet.py
        for folder in (self.large, self.xorbs):
            folder.mkdir()
        self.blobs: dict[str, bytes] = {}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.moved: dict[tuple[str, str], str] = {}
        self.accounts = {
            WRITE_TOKEN: Account("ada", "write", ("acme", "org")),
            READ_TOKEN: Account("ada", "read", ("acme", "org")),
            OUTSIDER_TOKEN: Account("mallory", "write"),
        }

    def close(self) -> None:
        self._folder.cleanup()

    # -- repositories -----------------------------------------------------------------------------------

    def create(self, account: Account, kind: str, repo_id: str, visibility: str, sdk: str | None) -> Repository:
        owner, _, name = repo_id.partition("/")
        if kind not in KINDS or not _NAME.match(name):
            raise Refused(400, f"Invalid repository: {kind} {repo_id}")
        if account.role != "write" or not account.owns(owner):
            raise Refused(403, f'You don\'t have the rights to create a {kind} under the namespace "{owner}"')
        if (kind, repo_id) in self.repositories:
            raise Refused(409, f"You already created this {kind} repo: {repo_id}")
        if kind == "space" and sdk not in ("gradio", "docker", "static"):
            raise Refused(400, '"sdk" must be one of [gradio, docker, static]')
        first = self._commit(None, {".gitattributes": self.add_blob(".gitattributes", _GITATTRIBUTES)})
        repo = Repository(kind, repo_id, visibility, {"main": first}, space=Space(sdk) if sdk else None)
        self.repositories[kind, repo_id] = repo
        self.moved.pop((kind, repo_id), None)  # a new repository takes a forwarded name over
        return repo

    def move(self, kind: str, old: str, new: str) -> None:
        if (kind, new) in self.repositories:
            raise Refused(409, f"{new} exists already")
        repo = self.repositories.pop((kind, old))
        repo.id = new
        self.repositories[kind, new] = repo
        self.moved[kind, old] = new

    def find(self, kind: str, repo_id: str, account: Account | None, *, write: bool = False) -> Repository:
        """The repository, if `account` may see it (and write to it).

        A private repository looks missing to who may not see it: 401 to a caller without a token, 404 to
        a stranger, as on the real Hub, so that names do not leak.
        """
        repo = self.repositories.get((kind, repo_id))
        member = account is not None and repo is not None and account.owns(repo.owner)
        if repo is None or (repo.private and not member):
            raise Refused(404 if account else 401, "Repository not found", "RepoNotFound")
        if write and account is None:
            raise Refused(401, "Invalid username or password.")
        if write and not (member and account.role == "write"):
            raise Refused(403, "Forbidden: pass a token with write access to this repository")
        return repo

    # -- content ----------------------------------------------------------------------------------------

    def add_blob(self, path: str, data: bytes) -> File:
        oid = git_oid(data)
        self.blobs[oid] = data
        return File(path, len(data), oid)

    def has_large(self, sha256: str) -> bool:
        return (self.large / sha256).is_file()

    def add_large(self, source: Path, sha256: str) -> None:
        """Takes a complete, verified file in; the rename makes a half one impossible."""
        source.replace(self.large / sha256)

    def scratch(self) -> Path:
        return self.folder / f"incoming-{secrets.token_hex(8)}"

    def read(self, file: File, start: int = 0, end: int | None = None) -> bytes:
        """The bytes of `file`, or its slice [start, end)."""
        end = file.size if end is None else end
        if file.sha256 is None:
            return self.blobs[file.oid][start:end]
        with (self.large / file.sha256).open("rb") as stream:
            stream.seek(start)
            return stream.read(end - start)

    # -- commits ----------------------------------------------------------------------------------------

    def commit(
        self,
        repo: Repository,
        branch: str,
        *,
        added: list[File],
        deleted: list[str],
        title: str,
        message: str = "",
        parent: str | None = None,
        author: str = "ada",
    ) -> Commit:
        """Moves `branch` one commit on, all or nothing. `deleted` names files, and folders by a final "/"."""
        if branch not in repo.branches:
            raise Refused(404, f"Invalid rev id: {branch}", "RevisionNotFound")
        head = repo.branches[branch]
        if parent is not None and not head.oid.startswith(parent):
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        for file in added:
            if file.sha256 is not None and not self.has_large(file.sha256):
                raise Refused(400, f"LFS pointer pointed to a file that does not exist: {file.path}")
        files = {
            path: file
            for path, file in head.files.items()
            if not any(path == gone or (gone.endswith("/") and path.startswith(gone)) for gone in deleted)
        }
        files.update({file.path: file for file in added})
        repo.branches[branch] = self._commit(head, files, title=title, message=message, author=author)
        return repo.branches[branch]

    def _commit(self, parent: Commit | None, files: dict[str, File], **words: str) -> Commit:
        tree = "\n".join(f"{file.oid} {path}" for path, file in sorted(files.items()))
        # The random word stands for git's timestamps: two equal trees are still two commits.
        oid = git_oid(f"{tree}\n{parent and parent.oid}\n{secrets.token_hex(8)}".encode(), "commit")
        words = {"title": "initial commit", "message": "", "author": "ada"} | words
        return Commit(oid=oid, date=datetime.now(UTC), files=files, parent=parent, **words)
