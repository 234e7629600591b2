"""The report as plain text for a terminal.

No ticket is quoted here, since what a terminal shows ends up in logs. Words, phrases and values of columns are shown
if at least ten messages share them (copies and group members of one label count once); the others are only counted
here, and stand on the page.
"""

import textwrap

import numpy as np

from data.errors import short
from data.report.advice import given_away
from data.report.look import Look, by_language
from data.report.phrases import SUPPORT
from data.report.profile import LIMIT

FEW = 6  # labels that get a column or a line each
WIDTH = 100


def summary(look: Look, warnings: list[str]) -> str:
    """The text, without a line break at its end."""
    messages = look.messages
    lines = [
        f"{look.tickets.source} (sha256 {look.tickets.sha256[:12]}): {len(messages):,} messages in "
        f"{len(np.unique(messages.group)):,} groups, {len(messages.names)} labels",
        "",
        "Mend before training" if warnings else "Nothing to mend before training was found",
    ]
    for number, line in enumerate(warnings, 1):
        lines += _wrapped(f"{line}.", f"  {number}. ")
    for section in (_rows, _gaps, _lengths, _repeats, _words, _phrases, _columns, _style, _languages):
        lines += ["", *section(look)]
    return "\n".join(lines)


def _rows(look: Look) -> list[str]:
    names, findings = look.messages.names, look.tickets.findings
    shown = list(names[:FEW]) if len(names) <= FEW else []
    widths = [max(len(_plain(name)), 15) for name in shown]
    heads = "".join(f"{_plain(name):>{w + 2}}" for name, w in zip(shown, widths, strict=True))
    lines = [f"{'Messages':<22}{'rows':>9}{heads}"]
    for split, counts in look.balance.items():
        rows = int((look.messages.split == split).sum())
        cells = "".join(f"{f'{c:,} ({_percent(c, rows)})':>{w + 2}}" for c, w in zip(counts, widths, strict=False))
        lines.append(f"  {split + ' (' + findings.splits[split]['origin'] + ')':<20}{rows:>9,}{cells}")
    if not shown:
        total = sum(look.balance.values())
        order = np.argsort(-total, kind="stable")
        most = ", ".join(f"{_plain(names[i])} {total[i]:,}" for i in order[:3])
        least = ", ".join(f"{_plain(names[i])} {total[i]:,}" for i in order[-3:])
        lines += _wrapped(f"commonest: {most}; rarest: {least}", "  ")
    return lines + [line for note in findings.notes for line in _wrapped(note, "  ")]


def _gaps(look: Look) -> list[str]:
    total = len(look.messages)
    found = [f"{_plain(c)} {n:,} ({_percent(n, total)})" for c, n in look.gaps.items() if n]
    return ["Missing values", *_wrapped(", ".join(found) or "none in any column", "  ")]


def _lengths(look: Look) -> list[str]:
    quantiles = (0, 5, 50, 95, 99, 100)
    lines = [f"{'Lengths':<22}{'shortest':>9}{'5%':>8}{'median':>8}{'95%':>8}{'99%':>8}{'longest':>9}"]
    for unit, counts in (("words", look.lengths.words), ("tokens", look.lengths.tokens)):
        if counts is not None:
            low, *middle, high = np.percentile(counts, quantiles).astype(int)
            lines.append(f"  {unit:<20}{low:>9,}{''.join(f'{m:>8,}' for m in middle)}{high:>9,}")
    if over := look.lengths.over():
        rest = ", ".join(f"{limit}: {share:.1%}" for limit, share in over.items() if limit != LIMIT)
        lines.append(f"  truncated at {LIMIT} tokens, the default of --max-length: {over[LIMIT]:.1%} ({rest})")
    names = look.messages.names
    if len(names) <= FEW:
        medians = (np.median(look.lengths.words[look.messages.marks[:, c] == 1]) for c in range(len(names)))
        lines.append(
            "  median words: " + ", ".join(f"{_plain(n)} {m:.0f}" for n, m in zip(names, medians, strict=True))
        )
    if found := [f"{name} {count:,}" for name, count in look.traces.items() if count]:
        lines.append("  messages with " + ", ".join(found))
    return lines


def _repeats(look: Look) -> list[str]:
    found, findings = look.repeats, look.tickets.findings
    lines = [
        "Repeats",
        f"  {'repeat an earlier message':<42}{found.identical:>7,}",
        f"  {'read the same, labelled differently':<42}{sum(map(len, found.conflicts)):>7,}",
        f"  {'near-duplicates outside their own group':<42}{found.near:>7,} in {found.clusters:,} sets",
    ]
    for split, leak in findings.leaks.items():
        rows = leak["exact"] + leak["near"] + leak["group"]
        parts = f"{leak['exact']} exact, {leak['near']} near-duplicates, {leak['group']} same group"
        lines.append(f"  {split + ' rows known from an earlier split':<42}{rows:>7,} ({parts})")
    if not findings.leaks and any(found["origin"] == "given" for found in findings.splits.values()):
        lines.append(f"  {'rows known from an earlier split':<42}{0:>7,}")
    return lines


def _words(look: Look) -> list[str]:
    bag = look.bag.sentence() if look.bag else "too few groups of each label to cross-validate a bag of words"
    lines = ["What single words know", *_wrapped(bag, "  "), "Words of each label (z-score)"]
    for name in _largest(look):
        words = [w for w in look.top_words[name] if w.inside + w.outside >= SUPPORT][:10]
        lines += _wrapped(", ".join(f"{w.word} {w.z:.1f}" for w in words) or "none stand out", _margin(name, look))
    return lines + _more(look)


def _phrases(look: Look) -> list[str]:
    found = look.tell_tales
    lines = [f"Tell-tale phrases (in {SUPPORT} messages or more; at least 80% have the label, luck ruled out)"]
    if not found:
        return [*lines, "  none"]
    share = _percent(look.told.sum(), len(look.told))
    phrases = "1 phrase" if len(found) == 1 else f"{len(found):,} phrases"
    lines.append(f"  {phrases}, in {look.told.sum():,} messages ({share})")
    lines += [
        f"  {_plain(t.phrase, 36):<38}{_plain(t.label, 20):<22}{t.hits:>5,} of {t.units:>5,}, at least {t.low:.0%}"
        for t in found[:12]
    ]
    return lines


def _columns(look: Look) -> list[str]:
    lines, names = ["Other columns (the label that a value has most; of two, the second)"], look.messages.names
    for one in look.categories:
        values = []
        for value, counts, units in list(zip(one.values, one.counts, one.units, strict=True))[:5]:
            c = 1 if len(names) == 2 else int(counts.argmax())
            if units >= SUPPORT:
                shown = _plain(value, 24) if value else "(empty)"
                values.append(f"{shown} {units:,} ({counts[c] / max(units, 1):.0%} {_plain(names[c])})")
        if hidden := one.total - len(values):
            values.append(f"{hidden:,} more" if values else f"{hidden:,} rare values")
        if given := given_away(one, look):
            values.append(f"{len(given)} give a label away")
        name = _plain(one.name, 20) + (", read" if one.read else "")
        lines += _wrapped(", ".join(values), _margin(name, look))
    if look.uncategorised:
        lines += _wrapped(", ".join(_plain(name) for name in look.uncategorised), _margin("hardly repeat", look))
    return lines if len(lines) > 1 else ["Other columns", "  none"]


def _style(look: Look) -> list[str]:
    found, names = look.openings, look.messages.names
    alike = (
        f"{found.groups:,} of {found.of:,} groups ({_percent(found.groups, found.of)}) share their first three words"
    )
    shared = [f"{words} {n:,}" for words, n in found.shared.items() if n >= SUPPORT][:8]
    lines = ["Openings, frequent 4-grams, vocabulary"]
    lines += _wrapped(alike + (f": {', '.join(shared)}" if shared else ""), _margin("openings", look))
    for name in _largest(look):
        c = names.index(name)
        order = sorted(look.frames, key=lambda frame, c=c: -frame[1][c])
        common = [f"{phrase} {counts[c]:,}" for phrase, counts, units in order if counts[c] and units >= SUPPORT][:6]
        lines += _wrapped(", ".join(common) or "none", _margin(name, look))
    curve = look.growth
    if len(curve.tokens):
        law = f", Heaps' exponent {curve.exponent:.2f}" if np.isfinite(curve.exponent) else ""
        lines.append(f"{_margin('vocabulary', look)}{curve.types[-1]:,} distinct words among {curve.tokens[-1]:,}{law}")
    return lines


def _languages(look: Look) -> list[str]:
    total = len(look.messages)
    found = [f"{name} {count:,} ({_percent(count, total)})" for name, count in by_language(look.languages)]
    return ["Languages (by letters and stop words)", *_wrapped(", ".join(found), "  ")]


def _largest(look: Look) -> list[str]:
    """The labels that are shown, by size where there are many."""
    names = look.messages.names
    if len(names) <= FEW:
        return list(names)
    order = np.argsort(-sum(look.balance.values()), kind="stable")
    return [names[i] for i in order[:FEW]]


def _more(look: Look) -> list[str]:
    hidden = len(look.messages.names) - FEW
    return [f"  and {hidden} more labels, on the page"] if hidden > 0 else []


def _margin(name: str, look: Look) -> str:
    """What stands before a line, as wide for every label."""
    width = min(max(16, *map(len, _largest(look))), 28)
    return f"  {_plain(name, width - 1):<{width}} "


def _percent(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


def _plain(value: str, limit: int = 28) -> str:
    return short(value, limit)[1:-1]


def _wrapped(text: str, start: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
        break_long_words=False,
    )
