"""A small Hugging Face Hub for tests, spoken to by the real clients over HTTP.

Why it exists: no package serves the Hub's *write* side, and a mocked client proves only the mock. Here
`huggingface_hub`, `transformers`, `datasets` and the Rust client `hf-xet` run unchanged in their own
processes; only `HF_ENDPOINT` tells them where the Hub is.

What it covers: models, datasets and Spaces; public and private repositories; write, read-only, foreign,
revoked and missing tokens; commits (with `parent_commit`), branches, tags, history; card validation;
upload and download over Xet (xorb grants, shards, reconstructions) and over Git LFS; Range requests;
renamed repositories; Space variables, secrets, hardware and restarts; faults on demand (`faults`).

What it does not: pull requests and discussions, `.gitignore` rules, multi-part LFS, gated access, search,
the dataset viewer, buckets, jobs, git itself, running a Space.

    from tests.hub import Hub

    with Hub() as hub:
        subprocess.run([...], env=hub.env(home=tmp_path))   # a fresh HF_HOME, the write token
        assert hub.repo("acme/model").files("main")["config.json"]

`python -m tests.hub` starts one in a process of its own and prints how to reach it.
"""

from .server import Hub
from .store import OUTSIDER_TOKEN, READ_TOKEN, WRITE_TOKEN

__all__ = ["OUTSIDER_TOKEN", "READ_TOKEN", "WRITE_TOKEN", "Hub"]
