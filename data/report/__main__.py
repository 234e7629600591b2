"""Look at a source of tickets before training: `python -m data.report [source]`, for the shipped ones without.

It says what a person should mend first, prints a summary, and writes one HTML page with the details: labels and
splits, lengths, repeats, leaks, tell-tale phrases, what a bag of words knows, words of each label, the other
columns, openings, vocabulary and languages. Tickets are shown on the page only, never in the terminal.
"""

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path

from data.errors import DataError, short
from data.options import DataOptions


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit code: 0, or 2 with one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m data.report", description=__doc__.split("\n\n")[0])
    parser.add_argument("source", nargs="?", default="", help="Where the tickets are: the same as --data.")
    parser.add_argument(
        "--output", metavar="FILE", default="data-report.html", help="The page to write (default: %(default)s)."
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="Decides the splits where the source has none, and the folds."
    )
    for option in fields(DataOptions):
        flag = "--" + option.name.replace("_", "-")
        parser.add_argument(flag, metavar="TEXT", default=option.default, help=option.metadata["help"])
    given = vars(parser.parse_args(arguments))
    source, output, seed = given.pop("source"), Path(given.pop("output")), given.pop("seed")
    try:
        if source and given["data"]:
            raise DataError("the source is given twice, as an argument and as --data: leave one out")
        if seed < 0:
            raise DataError(f"--seed is {seed}, but must be at least 0")
        preflight(output)
        report(DataOptions(**given | {"data": source or given["data"]}), output, seed)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def report(options: DataOptions, output: Path, seed: int) -> None:
    """Print the summary and write the page. Raises DataError for tickets that cannot be read."""
    from data.report.advice import advice  # only now: --help and a wrong --output need not wait for datasets and scipy
    from data.report.look import look
    from data.report.page import page
    from data.report.summary import summary

    found = look(options, seed, progress=sys.stderr.isatty())
    warnings = advice(found)
    print(summary(found, warnings))
    part = output.with_name(output.name + ".part")
    try:
        part.write_text(page(found, warnings), encoding="utf-8", errors="replace")
        os.replace(part, output)  # an older page stays whole until the new one is
    except OSError as error:
        raise DataError(f"{short(output, 200)} cannot be written ({error.strerror}): check --output") from error
    print(f"\nThe page with plots and examples: {output} (it shows tickets: keep it where they may be)")


def preflight(output: Path) -> None:
    """Raise DataError if the page could not be written: better now than after the work."""
    if output.is_dir():
        raise DataError(
            f"--output {short(output, 200)} is a folder: name a file, such as {output / 'data-report.html'}"
        )
    if not output.parent.is_dir():
        raise DataError(f"--output: there is no folder {short(output.parent, 200)}: make it first")
    if not os.access(output.parent, os.W_OK):
        raise DataError(f"--output: the folder {short(output.parent, 200)} cannot be written to: name another")


if __name__ == "__main__":
    sys.exit(main())
