"""A Hub in a process of its own: prints its address and tokens as JSON, then serves until killed."""

from __future__ import annotations

import argparse
import contextlib
import json
import threading

from . import OUTSIDER_TOKEN, READ_TOKEN, WRITE_TOKEN, Hub


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hub", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args()
    with Hub(options.port) as hub:
        tokens = {"write": WRITE_TOKEN, "read": READ_TOKEN, "outsider": OUTSIDER_TOKEN}
        print(json.dumps({"url": hub.url, "tokens": tokens}), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
