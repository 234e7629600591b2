"""The most confident mistakes, to be read: they show what the model has not learnt, or which label is wrong."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
from datasets import Dataset

from data.labels import LabelSpace

SHOWN = 50
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Most confident mistakes</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid #8885 }}
td.text {{ white-space: pre-wrap; overflow-wrap: anywhere; max-width: 44rem }}
td.number {{ font-variant-numeric: tabular-nums }}
</style>
<h1>The most confident mistakes on the test split</h1>
<p>{wrong} of {total} tickets are predicted wrongly; these {shown} with the most confidence. Some will teach what
the model has not understood, and some that a label is wrong.</p>
<table><thead><tr><th>row<th>ticket<th>second text<th>label<th>prediction<th>probability</tr></thead>
<tbody>
{rows}
</tbody></table></html>
"""


def write(path: Path, test: Dataset, probabilities: np.ndarray, labels: LabelSpace) -> None:
    """An HTML page with the wrongly predicted tickets, the most confident first; all text is escaped."""
    truth = np.asarray(test["label"])
    if labels.kind == "multilabel":
        wrong = np.where(truth == 1, 1 - probabilities, probabilities).max(axis=1)
        chosen = (probabilities >= 0.5).astype(int)
        mistaken = (chosen != truth).any(axis=1)
    else:
        chosen = probabilities.argmax(axis=1)
        wrong, mistaken = probabilities.max(axis=1), chosen != truth
    order = [i for i in np.argsort(-wrong, kind="stable") if mistaken[i]][:SHOWN]
    rows = []
    for i in order:
        ticket = test[int(i)]
        picked = chosen[i].tolist()
        cells = [
            ("", ticket["row"]),
            ("text", ticket["text"]),
            ("", ticket["pair"]),
            ("", _words(labels.decode(ticket["label"]))),
            ("", _words(labels.decode(picked))),
            ("number", f"{wrong[i]:.3f}"),
        ]
        rows.append("<tr>" + "".join(f'<td class="{c}">{html.escape(str(v))}</td>' for c, v in cells) + "</tr>")
    page = PAGE.format(wrong=int(mistaken.sum()), total=len(test), shown=len(order), rows="\n".join(rows))
    path.write_text(page, encoding="utf-8")


def _words(names: str | list[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names) or "(none)"
