"""The HTML of the report: a page that needs nothing else (no script, no request, light and dark), and its parts."""

import html
import re
from base64 import b64encode
from collections.abc import Iterable

import numpy as np

from data.report import drawings

LONGEST = 600  # characters of a ticket that are shown
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>A look at {title}</title>
<style>
:root {{ color-scheme: light dark; --ink: light-dark(#20242b, #e6e9ee); --soft: light-dark(#5c6470, #a3acb8);
  --line: light-dark(#d5d9df, #3b424d); --panel: light-dark(#f6f7f9, #1f242c); --page: light-dark(#fff, #161a20);
  --warn: light-dark(#b3400a, #f5a572); --warned: light-dark(#fff4ec, #33231a); --good: light-dark(#1f7a4a, #6bc394) }}
* {{ box-sizing: border-box }}
body {{ font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 66rem;
  margin: 0 auto; padding: 2.5rem 1.25rem 5rem }}
h1 {{ font-size: 1.9rem; line-height: 1.2; margin: 0 }}
h2 {{ font-size: 1.25rem; margin: 3.2rem 0 .4rem; padding-top: .9rem; border-top: 1px solid var(--line) }}
h3 {{ font-size: 1rem; margin: 1.6rem 0 .3rem }}
p {{ margin: .4rem 0 .9rem; max-width: 48rem }}
.soft {{ color: var(--soft); font-size: .9rem }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.5rem 0 }}
.tiles div {{ background: var(--panel); border-radius: .6rem; padding: .8rem 1rem }}
.tiles b {{ display: block; font-size: 1.45rem; line-height: 1.25; font-variant-numeric: tabular-nums }}
.tiles span {{ color: var(--soft); font-size: .85rem }}
.mend {{ background: var(--warned); border-left: 4px solid var(--warn); border-radius: .3rem; padding: .8rem 1.2rem }}
.mend h2, .fine h2 {{ border: 0; margin: 0; padding: 0 }}
.mend h2 {{ color: var(--warn) }} .mend ol {{ padding-left: 1.3rem; margin: .5rem 0 }} .mend li {{ margin: .35rem 0 }}
.fine {{ background: var(--panel); border-left: 4px solid var(--good); border-radius: .3rem; padding: .8rem 1.2rem }}
.fine h2 {{ color: var(--good) }} .fine p {{ margin: .3rem 0 }}
.scroll {{ overflow-x: auto; margin: .6rem 0 1.2rem }}
table {{ border-collapse: collapse; font-size: .92rem }}
th, td {{ text-align: left; vertical-align: top; padding: .34rem .9rem .34rem 0; border-bottom: 1px solid var(--line) }}
th {{ color: var(--soft); font-weight: 600; white-space: nowrap }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
td.t {{ white-space: pre-wrap; overflow-wrap: anywhere; min-width: 16rem; max-width: 26rem }}
td.o {{ white-space: nowrap; color: var(--soft) }}
mark {{ background: light-dark(#ffe2a8, #6b4d10); color: inherit; border-radius: .2rem }}
.key {{ white-space: nowrap; margin-left: .4rem }}
figure {{ margin: .8rem 0 1.2rem }} img {{ max-width: 100%; height: auto; display: block }}
.row {{ display: flex; flex-wrap: wrap; gap: 0 2.5rem; align-items: flex-start }}
.grid {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: .5rem 1.5rem }}
.grid figure, .grid .scroll {{ margin-bottom: .2rem }} .row p {{ max-width: 16rem }}
.grid summary {{ font-size: .85rem }}
details {{ margin: .6rem 0 }} summary {{ cursor: pointer; color: var(--soft) }}
</style></head><body>
<h1>A look at {title}</h1>
{body}
</body></html>
"""


class Cell(str):
    """The HTML of a table cell; `kind`: "t" of a ticket, "o" of its origin, "" of anything else."""

    kind = ""


def ticket(message: str) -> Cell:
    """A ticket, or its beginning."""
    cell = Cell(text(message[:LONGEST] + ("…" if len(message) > LONGEST else "")))
    cell.kind = "t"
    return cell


def origin(row: str) -> Cell:
    """Where a ticket stands in the source."""
    cell = Cell(text(row))
    cell.kind = "o"
    return cell


def context(phrase: str, texts: Iterable[str], around: int = 50) -> Cell:
    """The first place where the phrase stands, with what is around it."""
    apart = r"[\W_]*" if all(len(word) == 1 for word in phrase.split()) else r"\W+"
    pattern = re.compile(r"(?<!\w)" + apart.join(re.escape(w).replace("'", "['’]") for w in phrase.split()), re.I)
    found = next((match for text in texts if (match := pattern.search(text))), None)
    if found is None:
        return Cell("")
    before, after = found.string[max(0, found.start() - around) : found.start()], found.string[found.end() :][:around]
    cell = Cell(f"…{text(before)}<mark>{text(found.group())}</mark>{text(after)}…")
    cell.kind = "t"
    return cell


def table(header: Iterable[object], rows: list[list], caption: str = "") -> str:
    """Numbers to the right, and everything but a `Cell` escaped; a caption in words stands below."""
    header = list(header)
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))] if rows else [False] * len(header)
    head = "".join(f"<th{' class=n' if n else ''}>{text(h)}" for h, n in zip(header, numeric, strict=True))
    lines = []
    for row in rows:
        cells = []
        for value, n in zip(row, numeric, strict=True):
            if isinstance(value, Cell):
                cells.append(f"<td class={value.kind or 'c'}>{value}")
            else:
                shown = f"{value:,}" if isinstance(value, int | np.integer) else text(value)
                cells.append(f"<td{' class=n' if n else ''}>{shown}")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    said = f'<p class="soft">{text(caption)}</p>' if caption else ""
    head, body = f"<thead><tr>{head}</tr></thead>", f"<tbody>{''.join(lines)}</tbody>"
    return f'<div><div class="scroll"><table>{head}{body}</table></div>{said}</div>'


def _is_number(value: object) -> bool:
    return isinstance(value, int | np.integer) or (
        isinstance(value, str) and value.replace(".", "").rstrip("%").isdigit()
    )


def picture(svg: str, words: str) -> str:
    """Both versions of a picture; the browser takes the one that fits the page."""
    if not svg:
        return ""
    light, dark = (f"data:image/svg+xml;base64,{b64encode(s.encode()).decode()}" for s in (svg, drawings.dark(svg)))
    alt = html.escape(words, quote=True)
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}"><img src="{light}" alt="{alt}">'
        "</picture></figure>"
    )


def legend(names: tuple[str, ...]) -> str:
    """The labels in the colours of the pictures."""
    colours = (f"light-dark({colour},{drawings.DARK[colour]})" for colour in drawings.COLOURS)
    return " ".join(
        f'<span class="key"><span style="color:{colour}">■</span> {text(name)}</span>'
        for name, colour in zip(names, colours, strict=False)
    )


def folded(title: str, content: str) -> str:
    """Content that a click opens."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def text(value: object) -> str:
    """Any value, escaped for HTML: nothing that comes out of a source may reach the page in another way."""
    return html.escape(str(value))
