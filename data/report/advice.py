"""What a person should mend before training: one sentence each, the gravest first."""

import numpy as np

from data.errors import listed, short
from data.report.languages import UNKNOWN
from data.report.look import Look, by_language
from data.report.phrases import SUPPORT, gives_away
from data.report.profile import LIMIT, Category

FEW = 50  # training messages of a label, below which it cannot be learnt well
FEW_MEASURED = 30  # test messages of a label, below which its figures are hardly more than anecdotes
OFTEN = 0.05  # share of messages from which on a repeated thing is worth a warning
COVERED = 0.1  # the same for messages that hold a tell-tale phrase
KNOWN_BY_WORDS = 0.9  # share of the way from chance to perfect that a bag of words may go


def advice(look: Look) -> list[str]:
    """The warnings. Rows are named by their origin; no ticket's text is in them, beyond phrases that many share."""
    said = [line.removeprefix("warning: ") for line in look.tickets.findings.lines() if line.startswith("warning: ")]
    for finding in (_words, _columns, _repeats, _few, _lengths, _languages, _traces):
        said += finding(look)
    return [line[0].upper() + line[1:] for line in said]


def _words(look: Look) -> list[str]:
    said = []
    if look.tell_tales and (share := look.told.mean()) >= COVERED:
        first = ", ".join(f"{short(t.phrase)} ({t.label})" for t in look.tell_tales[:3])
        said.append(
            f"{share:.0%} of the messages hold a phrase that alone gives the label away, such as {first}: make sure "
            "that tickets to come will hold it for the same reason, and that it is no trace of how these were collected"
        )
    if look.bag and look.bag.found >= KNOWN_BY_WORDS:
        said.append(look.bag.sentence())
    return said


def _columns(look: Look) -> list[str]:
    said = []
    for category in look.categories:
        if category.read and (given := given_away(category, look)):
            value, label = given[0]
            said.append(
                f"the column {short(category.name)}, which the model reads, gives the label away in {len(given)} of "
                f"its commonest values, for example {short(label)} for {short(value) if value else 'the empty value'}: "
                "a model will learn the name instead of the message"
            )
    return said


def given_away(category: Category, look: Look) -> list[tuple[str, str]]:
    """The values of a column that give a label away, each with that label."""
    base = look.messages.unit_marks.mean(axis=0)
    _, sure = gives_away(category.counts, category.units[:, None], base, category.counts.size)
    return [(category.values[i], look.messages.names[c]) for i, c in np.argwhere(sure)]


def _repeats(look: Look) -> list[str]:
    said, n = [], len(look.messages)
    if look.repeats.identical > 0.01 * n:
        said.append(
            f"{look.repeats.identical:,} messages repeat an earlier one word for word and count that many times over "
            "in training: remove all but one of each"
        )
    if look.repeats.near > OFTEN * n:
        said.append(
            f"{look.repeats.near:,} messages are near-duplicates of another outside their own group: they stay in one "
            "split, and teach less than their number says, so remove all but one of each set"
        )
    shared = next(iter(look.openings.shared.items()), None)
    if shared and shared[1] >= max(OFTEN * look.openings.of, SUPPORT):
        said.append(
            f"{shared[1]:,} of {look.openings.of:,} groups begin with {short(shared[0])}: cut a greeting, a form's "
            "heading or a template off, unless customers write it themselves"
        )
    return said


def _few(look: Look) -> list[str]:
    said = []
    for split, least, meaning in (
        ("train", FEW, "too few to learn from, so collect more or merge the label into another"),
        ("test", FEW_MEASURED, "too few to measure, so its figures will come with very wide intervals"),
    ):
        counts = look.balance.get(split, np.zeros(0))
        rare = [name for name, count in zip(look.messages.names, counts, strict=True) if 0 < count < least]
        if rare:
            fewest = int(min(count for count in counts if count))
            which = f"the label {listed(rare)} has" if len(rare) == 1 else f"the labels {listed(rare, 5)} have"
            said.append(f"{which} fewer than {least} messages in {split} (the fewest: {fewest}): {meaning}")
    return said


def _lengths(look: Look) -> list[str]:
    over = look.lengths.over().get(LIMIT, 0.0)
    if over <= 0.01:
        return []
    return [
        f"{over:.1%} of the messages are longer than {LIMIT} tokens and would lose their ends: raise --max-length, or "
        "cut quoted threads and signatures off"
    ]


def _languages(look: Look) -> list[str]:
    known = [(name, count) for name, count in by_language(look.languages) if name != UNKNOWN]
    if not known:
        return []
    main, others = known[0][0], known[1:]
    said = []
    if main != "English" and known[0][1] > len(look.messages) / 2:
        said.append(
            f"most messages look like {main}, and the packaged encoder has learnt English: choose a multilingual "
            "--model, or one of that language"
        )
    elif (rest := sum(count for _, count in others)) and rest >= max(3, 0.01 * len(look.messages)):
        named = ", ".join(f"{count:,} {name}" for name, count in others[:4])
        said.append(
            f"{rest:,} messages do not look like {main} ({named}): choose a multilingual --model, or leave them out"
        )
    return said


def _traces(look: Look) -> list[str]:
    said, n = [], len(look.messages)
    for trace, remedy in (
        ("HTML tags", "turn HTML into text first, as it will be for the tickets to come"),
        ("broken characters", "the text was read in a wrong encoding once; export it again as UTF-8"),
    ):
        if (count := look.traces[trace]) >= max(0.01 * n, 3):
            said.append(f"{count:,} messages hold {trace}: {remedy}")
    return said
