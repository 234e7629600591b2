"""The tests' own Hub, proved with the real clients: each scenario is a process of its own over real HTTP.

A scenario is a short script whose last line of output is JSON; what it claims is compared with what the
Hub holds. `HF_HOME` is fresh for every reader, because a warm cache hides a refused token.
"""

from __future__ import annotations

import array
import http.client
import json
import random
import re
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.hub import OUTSIDER_TOKEN, READ_TOKEN, WRITE_TOKEN, Hub
from tests.hub.xet import Term, merged

ROOT = Path(__file__).resolve().parent.parent

PRELUDE = """
import json, sys
from pathlib import Path
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
api = HfApi()

def refused(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        return [type(error).__name__, getattr(getattr(error, "response", None), "status_code", None)]

def tell(**facts):
    print(json.dumps(facts))
"""


def client(
    hub: Hub, home: Path, script: str, *args: object, token: str | None = WRITE_TOKEN, **env: Any
) -> dict[str, Any]:
    """Runs `script` as a client of `hub` and returns what it told."""
    code = PRELUDE + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        env=hub.env(home, token, **env),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of every sort: text, empty, nested, oddly named, and binary that Xet packs in all its ways."""
    rng = random.Random(7)
    root = tmp_path / "folder"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "README.md").write_text("---\nlicense: mit\npipeline_tag: text-classification\n---\n# Hello\n")
    (root / "config.json").write_text('{"size": 1}')
    (root / "empty.txt").touch()
    (root / "deep" / "er" / "ünï code.txt").write_text("grüße", encoding="utf-8")
    (root / "random.bin").write_bytes(rng.randbytes(1_500_000))
    floats = array.array("f", (rng.gauss(0, 0.02) for _ in range(300_000)))
    (root / "model.safetensors").write_bytes(floats.tobytes() + b"odd")
    (root / "deep" / "again.bin").write_bytes(b"\0again" * 100_000)  # its terms overlap in one xorb
    return root


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def paths(hub: Hub, since: int) -> str:
    return "\n".join(f"{line.method} {line.path} {line.status}" for line in hub.log[since:])


@pytest.mark.parametrize("xet", [True, False], ids=["xet", "lfs"])
def test_a_pushed_folder_comes_back_bit_identical(hub: Hub, folder: Path, tmp_path: Path, xet: bool) -> None:
    repo, since = f"acme/folder-{'xet' if xet else 'lfs'}", len(hub.log)
    # Different bytes for each run: equal ones would be there already and not be uploaded at all.
    (folder / "random.bin").write_bytes(random.Random(repo).randbytes(1_500_000))
    pushed = client(
        hub,
        tmp_path / "writer",
        """
        repo, folder = sys.argv[1:]
        api.create_repo(repo, private=True)
        first = api.upload_folder(repo_id=repo, folder_path=folder, commit_message="first").oid
        again = api.upload_folder(repo_id=repo, folder_path=folder).oid
        Path(folder, "config.json").write_text('{"size": 2}')
        second = api.upload_folder(repo_id=repo, folder_path=folder, commit_message="second").oid
        tell(first=first, again=again, second=second, tag=api.model_info(repo).pipeline_tag)
        """,
        repo,
        folder,
        xet=xet,
    )
    held = hub.repo(repo)
    assert held.private
    assert pushed["again"] == pushed["first"], "an unchanged folder must not make a commit"
    assert [commit.title for commit in held.commits()] == ["second", "first", "initial commit"]
    assert pushed["tag"] == "text-classification"
    wanted = contents(folder)
    assert {path: hub.read(repo, path) for path in held.files() if path != ".gitattributes"} == wanted

    got = client(
        hub,
        tmp_path / "reader",
        """
        path = snapshot_download(sys.argv[1], revision=sys.argv[2])
        alone = hf_hub_download(sys.argv[1], "random.bin", cache_dir=Path(path, "..", "alone"))
        same = Path(alone).read_bytes() == Path(path, "random.bin").read_bytes()
        tell(path=path, same=same, xet_hash=api.get_paths_info(sys.argv[1], "random.bin")[0].xet_hash)
        """,
        repo,
        pushed["second"],
        xet=xet,
        token=READ_TOKEN,
    )
    assert got["same"]
    assert got["xet_hash"] == hub.cas.hashes.get(held.files()["random.bin"].sha256)
    assert (got["xet_hash"] is not None) == xet
    downloaded = contents(Path(got["path"]))
    downloaded.pop(".gitattributes")
    assert downloaded == wanted

    log = paths(hub, since)
    assert ("POST /cas/v2/shards 200" in log) == xet
    assert ("GET /cas/v2/reconstructions/" in log) == xet
    assert (".git/info/lfs/objects/batch 200" in log) == (not xet)
    assert bool(re.search(r"GET /acme/.*/resolve/.*/random.bin", log)) == (not xet)
    if xet:  # stored, LZ4 and byte-grouped LZ4 chunks were all unpacked
        assert {chunk.scheme for xorb in hub.cas.xorbs.values() for chunk in xorb} == {0, 1, 2}


def test_overlapping_terms_are_fetched_once() -> None:
    terms = [
        Term("x", 5, 6, 1),
        Term("x", 0, 2, 1),
        Term("x", 1, 3, 1),
        Term("w", 3, 4, 1),
        Term("x", 0, 2, 1),
    ]
    assert merged(terms) == [("w", 3, 4), ("x", 0, 3), ("x", 5, 6)]


def test_tokens_open_what_they_should(hub: Hub, tmp_path: Path) -> None:
    script = """
    repo, secret, note = "acme/rights", "acme/rights-private", b"note"
    here = Path(sys.argv[1])
    def upload(name): api.upload_file(repo_id=name, path_in_repo="note.txt", path_or_fileobj=note)
    def read(name): hf_hub_download(name, "note.txt", cache_dir=here / name)
    tell(
        whoami=refused(api.whoami),
        create=refused(api.create_repo, "acme/new"),
        create_elsewhere=refused(api.create_repo, "stranger/new"),
        create_existing=refused(api.create_repo, secret, exist_ok=True),
        check=refused(api.auth_check, secret),
        check_write=refused(api.auth_check, secret, write=True),
        read_public=refused(read, repo),
        read_private=refused(read, secret),
        upload=refused(upload, secret),
        delete=refused(api.delete_repo, "acme/rights-victim"),
    )
    """
    client(
        hub,
        tmp_path / "owner",
        """
        for name, private in [("rights", False), ("rights-private", True), ("rights-victim", False)]:
            api.create_repo(f"acme/{name}", private=private)
            api.upload_file(repo_id=f"acme/{name}", path_in_repo="note.txt", path_or_fileobj=b"note")
        tell()
        """,
    )
    missing = ["RepositoryNotFoundError", 401]
    forbidden = ["HfHubHTTPError", 403]
    unauthorized = ["HfHubHTTPError", 401]

    def told(token: str | None) -> dict[str, Any]:
        home = tmp_path / str(token)
        return client(hub, home, script, home / "files", token=token)

    nobody = told(None)
    assert nobody["whoami"] == ["LocalTokenNotFoundError", None]
    assert nobody["create"] == unauthorized
    assert nobody["check"] == nobody["check_write"] == nobody["read_private"] == nobody["upload"] == missing
    assert nobody["read_public"] is None

    wrong = told("hf_wrong")
    assert wrong["whoami"] == wrong["create"] == wrong["check_write"] == wrong["upload"] == unauthorized
    assert wrong["read_public"] is not None, "a wrong token is refused even where none would do"

    reader = told(READ_TOKEN)
    assert reader["whoami"] is reader["check"] is reader["read_private"] is None
    assert reader["create"] == reader["check_write"] == reader["upload"] == reader["delete"] == forbidden
    assert reader["create_existing"] is None, "the trap: exist_ok hides a missing permission"

    outsider = told(OUTSIDER_TOKEN)
    assert outsider["check"] == outsider["read_private"] == ["RepositoryNotFoundError", 404]
    assert outsider["create"] == outsider["delete"] == forbidden

    owner = told(WRITE_TOKEN)
    refusals = {what: answer for what, answer in owner.items() if answer}
    assert refusals == {"create_elsewhere": forbidden}
    assert ("model", "acme/rights-victim") not in hub.store.repositories


def test_branches_tags_history_and_names(hub: Hub, tmp_path: Path) -> None:
    told = client(
        hub,
        tmp_path,
        """
        repo = "acme/refs"
        def put(text, path="a/note.txt", **options):
            return api.upload_file(
                repo_id=repo, path_in_repo=path, path_or_fileobj=text.encode(), **options
            ).oid
        def get(**options): return Path(hf_hub_download(repo, "a/note.txt", **options)).read_text()
        api.create_repo(repo)
        one = put("one", commit_message="one", commit_description="why")
        api.create_branch(repo, branch="exp/one")
        api.create_tag(repo, tag="v1/rc", tag_message="first")
        branch_exists = refused(api.create_branch, repo, branch="exp/one")
        tag_exists = refused(api.create_tag, repo, tag="v1/rc")
        two = put("two", parent_commit=one)
        stale = refused(put, "three", parent_commit=one)
        api.create_tag(repo, tag="v1/rc", exist_ok=True)
        put("branch", revision="exp/one")
        put("deep", path="a/b/c.txt")
        refs = api.list_repo_refs(repo)
        facts = dict(
            one=one, two=two, stale=stale, branch_exists=branch_exists, tag_exists=tag_exists,
            read=[get(), get(revision="exp/one"), get(revision="v1/rc"), get(revision=one)],
            refs=sorted(ref.ref for ref in refs.branches + refs.tags),
            commits=[[c.title, c.message] for c in api.list_repo_commits(repo, revision="v1/rc")],
            tree=[[e.path, hasattr(e, "tree_id"), e.last_commit.oid]
                  for e in api.list_repo_tree(repo, recursive=True, expand=True)],
            top=[e.path for e in api.list_repo_tree(repo)],
            below=[e.path for e in api.list_repo_tree(repo, "a/b")],
            paths=[e.path for e in api.get_paths_info(repo, ["a", "a/note.txt", "no"])],
            no_file=refused(hf_hub_download, repo, "no"),
            no_folder=refused(lambda: list(api.list_repo_tree(repo, "no"))),
            no_revision=refused(put, "x", revision="no"),
            no_branch=refused(api.delete_branch, repo, branch="no"),
        )
        api.delete_tag(repo, tag="v1/rc")
        api.delete_branch(repo, branch="exp/one")
        api.delete_folder("a/b", repo)
        api.move_repo(repo, "acme/refs-renamed")
        facts["after_move"] = [get(force_download=True), put("by the old name")]
        api.update_repo_settings("acme/refs-renamed", private=True)
        api.create_repo("acme/refs-gone")
        api.delete_repo("acme/refs-gone")
        facts["gone"] = refused(api.repo_info, "acme/refs-gone")
        tell(**facts)
        """,
    )
    assert told["stale"] == ["HfHubHTTPError", 412]
    assert told["branch_exists"] == told["tag_exists"] == ["HfHubHTTPError", 409]
    assert told["read"] == ["two", "branch", "one", "one"], "exist_ok must not have moved the tag"
    assert told["refs"] == ["refs/heads/exp/one", "refs/heads/main", "refs/tags/v1/rc"]
    assert told["commits"] == [["one", "why"], ["initial commit", ""]]
    tree = {path: (is_folder, commit) for path, is_folder, commit in told["tree"]}
    assert list(tree) == [".gitattributes", "a", "a/b", "a/b/c.txt", "a/note.txt"]
    assert tree["a/note.txt"] == (False, told["two"])
    assert tree["a/b"][0]
    assert told["top"] == [".gitattributes", "a"]
    assert told["below"] == ["a/b/c.txt"]
    assert told["paths"] == ["a", "a/note.txt"]
    assert told["no_file"] == told["no_folder"] == ["RemoteEntryNotFoundError", 404]
    assert told["no_revision"] == told["no_branch"] == ["RevisionNotFoundError", 404]
    assert told["gone"] == ["RepositoryNotFoundError", 404]
    renamed = hub.repo("acme/refs-renamed")
    assert renamed.private
    assert told["after_move"] == ["two", renamed.resolve("main").oid]
    assert sorted(renamed.files()) == [".gitattributes", "a/note.txt"]
    assert (renamed.tags, list(renamed.branches)) == ({}, ["main"])


def test_a_pinned_snapshot_needs_no_hub(tmp_path: Path, folder: Path) -> None:
    with Hub() as hub:
        told = client(
            hub,
            tmp_path,
            """
            api.create_repo("acme/pinned", private=True)
            sha = api.upload_folder(repo_id="acme/pinned", folder_path=sys.argv[1]).oid
            snapshot_download("acme/pinned", revision=sha)
            tell(sha=sha)
            """,
            folder,
        )
        hub.stop()
        cached = client(
            hub,
            tmp_path,
            """
            import time
            start = time.monotonic()
            path = snapshot_download("acme/pinned", revision=sys.argv[1])
            tell(path=path, seconds=time.monotonic() - start)
            """,
            told["sha"],
        )
        assert cached["seconds"] < 2
        assert contents(folder).items() <= contents(Path(cached["path"])).items()
        hub.start()
        assert client(hub, tmp_path, "tell(sha=api.model_info('acme/pinned').sha)") == told


def test_transformers_pushes_and_loads_a_model(hub: Hub, tmp_path: Path) -> None:
    told = client(
        hub,
        tmp_path / "home",
        """
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, pipeline
        repo, words = "acme/tiny-bert", Path(sys.argv[1])
        words.write_text("\\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "we", "will", "cancel"]))
        tokenizer = BertTokenizerFast(vocab_file=str(words))
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=32, id2label={0: "no_churn", 1: "churn"},
            label2id={"no_churn": 0, "churn": 1},
        )
        model = BertForSequenceClassification(config).eval()
        ask = [{"text": "we will cancel", "text_pair": "we"}]
        before = pipeline("text-classification", model=model, tokenizer=tokenizer)(ask)
        model.push_to_hub(repo, private=True)
        tokenizer.push_to_hub(repo)
        sha = api.model_info(repo).sha
        after = pipeline("text-classification", model=repo, revision=sha)(ask)
        tell(before=before, after=after)
        """,
        tmp_path / "vocab.txt",
    )
    assert told["after"] == told["before"]
    assert told["after"][0]["label"] in ("churn", "no_churn")
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= hub.repo("acme/tiny-bert").files().keys()
    assert hub.repo("acme/tiny-bert").private


def test_datasets_pushes_and_loads(hub: Hub, tmp_path: Path) -> None:
    told = client(
        hub,
        tmp_path,
        """
        from datasets import Dataset, load_dataset
        rows = {"text": ["stay", "leave"], "label": [0, 1]}
        Dataset.from_dict(rows).push_to_hub("acme/pushed", private=True)
        readme = '''---
        license: cc0-1.0
        configs:
        - config_name: default
          data_files:
          - {split: train, path: data/train.jsonl}
          - {split: test, path: data/test.jsonl}
        ---
        '''.replace("\\n        ", "\\n")
        api.create_repo("acme/jsonl", repo_type="dataset", private=True)
        lines = b'{"text": "a", "label": "churn"}\\n{"text": "b", "label": "no_churn"}\\n'
        files = {"README.md": readme.encode(), "data/train.jsonl": lines * 2, "data/test.jsonl": lines}
        folder = Path(sys.argv[1])
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        sha = api.upload_folder(repo_id="acme/jsonl", repo_type="dataset", folder_path=folder).oid
        loaded = load_dataset("acme/jsonl", revision=sha)
        tell(
            pushed=load_dataset("acme/pushed", split="train").to_dict() == rows,
            sizes={name: len(split) for name, split in loaded.items()},
            first=loaded["test"][0],
        )
        """,
        tmp_path / "folder",
    )
    assert told == {
        "pushed": True,
        "sizes": {"train": 4, "test": 2},
        "first": {"text": "a", "label": "churn"},
    }
    assert hub.repo("acme/pushed", "dataset").private
    assert any(path.endswith(".parquet") for path in hub.repo("acme/pushed", "dataset").files())


def test_cards_and_spaces(hub: Hub, tmp_path: Path) -> None:
    told = client(
        hub,
        tmp_path,
        """
        from huggingface_hub import ModelCard, metadata_load, metadata_update
        api.create_repo("acme/card")
        good = ModelCard("---\\nlicense: apache-2.0\\ntags: [churn]\\n---\\n# A card")
        good.validate()
        good.push_to_hub("acme/card")
        metadata_update("acme/card", {"pipeline_tag": "text-classification"})
        bad = ModelCard("---\\nlicense: my-own\\n---\\n")
        upload = lambda text: api.upload_file(
            repo_id="acme/card", path_in_repo="README.md", path_or_fileobj=text.encode()
        )
        facts = dict(
            bad=[refused(bad.validate), refused(upload, str(bad)), refused(upload, "---\\na: [\\n---\\n")],
            tags=api.model_info("acme/card").tags,
        )
        api.create_repo(
            "acme/demo", repo_type="space", space_sdk="gradio", private=True,
            space_variables=[{"key": "MODEL", "value": "acme/model"}],
            space_secrets=[{"key": "HF_TOKEN", "value": "hf_secret"}],
        )
        stages = [api.get_space_runtime("acme/demo").stage]
        card = "---\\ntitle: Demo\\nsdk: gradio\\ncolorFrom: blue\\n---\\n"
        for path, text in {"README.md": card, "app.py": "print()"}.items():
            api.upload_file(
                repo_id="acme/demo", repo_type="space", path_in_repo=path, path_or_fileobj=text.encode()
            )
        stages.append(api.get_space_runtime("acme/demo").stage)
        stages.append(api.pause_space("acme/demo").stage)
        stages.append(api.restart_space("acme/demo").stage)
        api.add_space_variable("acme/demo", "REVISION", "main")
        api.add_space_secret("acme/demo", "OTHER", "x")
        api.delete_space_secret("acme/demo", "OTHER")
        api.request_space_hardware("acme/demo", "t4-small")
        variables = {key: value.value for key, value in api.get_space_variables("acme/demo").items()}
        secrets = [str(secret) for secret in api.get_space_secrets("acme/demo").values()]
        info = api.space_info("acme/demo")
        tell(**facts, stages=stages, variables=variables, secrets=secrets, sdk=info.sdk,
             hardware=api.get_space_runtime("acme/demo").hardware)
        """,
    )
    assert told["bad"] == [["ValueError", None]] * 3
    assert told["tags"] == ["churn", "license:apache-2.0"]
    assert b"pipeline_tag: text-classification" in hub.read("acme/card", "README.md")
    assert told["stages"] == ["NO_APP_FILE", "RUNNING", "PAUSED", "RUNNING"]
    assert told["variables"] == {"MODEL": "acme/model", "REVISION": "main"}
    assert "hf_secret" not in "".join(told["secrets"])
    assert (told["sdk"], told["hardware"]) == ("gradio", "t4-small")
    space = hub.repo("acme/demo", "space").space
    assert space is not None
    assert (space.secrets, space.restarts) == ({"HF_TOKEN": "hf_secret"}, 1)


def ask(hub: Hub, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """One request with nothing of the Hub's client around it, which would wait and try again."""
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {WRITE_TOKEN}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_faults_happen_where_they_were_ordered(hub: Hub) -> None:
    who = "/api/whoami-v2"
    whole = ask(hub, "GET", who)
    assert whole[0] == 200

    hub.faults.add(r"/whoami", status=429, headers={"Retry-After": "1"}, times=2, skip=1)
    assert [ask(hub, "GET", who)[0] for _ in range(4)] == [200, 429, 429, 200]

    hub.faults.add(r"/whoami", method="POST", status=500)
    assert ask(hub, "GET", who) == whole, "a fault for another method must not strike"
    hub.faults.clear()

    hub.faults.add(r"/whoami", hang=0.3)
    start = time.monotonic()
    assert ask(hub, "GET", who) == whole
    assert time.monotonic() - start >= 0.3

    hub.faults.add(r"/whoami", cut="before")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(hub, "GET", who)
    hub.faults.add(r"/repos/create", cut="midway")
    with pytest.raises(http.client.IncompleteRead):
        ask(hub, "POST", "/api/repos/create", json.dumps({"name": "cut", "organization": "acme"}))
    assert hub.repo("acme/cut"), "an answer cut midway belongs to a deed that was done"

    hub.faults.add(r"/whoami", corrupt=True)
    status, corrupt = ask(hub, "GET", who)
    assert (status, len(corrupt)) == (200, len(whole[1]))
    assert sum(a != b for a, b in zip(corrupt, whole[1], strict=True)) == 1
    hub.faults.add(r"/whoami", body="<html>captive portal</html>")
    assert ask(hub, "GET", who) == (200, b"<html>captive portal</html>")

    ask(hub, "POST", "/_faults", json.dumps({"path": "/whoami", "status": 503}))
    assert ask(hub, "GET", who)[0] == 503
    assert ask(hub, "GET", who) == whole
    assert json.loads(ask(hub, "GET", "/_log")[1])[-2:] == [
        {"method": "GET", "path": who, "status": 503, "faulty": True},
        {"method": "GET", "path": who, "status": 200, "faulty": False},
    ]


def test_stopping_cuts_what_hangs() -> None:
    with Hub() as hub, ThreadPoolExecutor(1) as pool:
        hub.faults.add("/whoami", hang=60)
        waiting = pool.submit(ask, hub, "GET", "/api/whoami-v2")
        while hub.faults.waiting:  # until the request has run into the fault
            time.sleep(0.01)
        hub.stop()
        with pytest.raises(ConnectionError):
            waiting.result(timeout=5)
        with pytest.raises(ConnectionRefusedError):
            ask(hub, "GET", "/api/whoami-v2")
        hub.start()
        assert ask(hub, "GET", "/api/whoami-v2")[0] == 200


def test_a_passing_fault_is_survived_by_the_client(hub: Hub, tmp_path: Path, folder: Path) -> None:
    hub.faults.add(r"/preupload/", status=503)
    hub.faults.add(r"/cas/v2/shards", cut="before")
    hub.faults.add(r"/commit/main$", status=500)
    told = client(
        hub,
        tmp_path,
        """
        api.create_repo("acme/bumpy")
        tell(sha=api.upload_folder(repo_id="acme/bumpy", folder_path=sys.argv[1]).oid)
        """,
        folder,
    )
    assert not hub.faults.waiting
    assert hub.repo("acme/bumpy").resolve("main").oid == told["sha"]
    assert len(hub.repo("acme/bumpy").commits()) == 2


def test_the_hub_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.hub"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", said["url"])
            there = Hub(int(said["url"].rpartition(":")[2]))  # never started: only its address is used
            assert ask(there, "GET", "/api/whoami-v2")[0] == 200
            there.close()
        finally:
            process.terminate()
