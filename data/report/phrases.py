"""Phrases that say too much: tell-tale n-grams, frames that come again and again, and repeated openings."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, binom

from data.report.messages import Messages
from data.report.words import Grams, Words

LEAST = 3  # units that a phrase must stand in to be counted at all
SUPPORT = 10  # units that a tell-tale phrase must stand in
SURE = 0.8  # a phrase is tell-tale if P(label | phrase) is at least this, by the lower end of its interval
ERROR = 0.05  # one-sided, of that interval; and of finding even one phrase by luck alone
NEW = 0.1  # a phrase is shown if at least this share of its units was not covered by those before it
SHOWN = 40


@dataclass(frozen=True)
class TellTale:
    """A phrase and the label it gives away: `hits` of the `units` it stands in have that label; `low` is the
    lower end of the interval of that share, `base` the share of the label among all units."""

    phrase: str
    label: str
    units: int
    hits: int
    low: float
    base: float


def lower_bound(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The one-sided 95 % lower bound of a share, `hits` of `of` (Clopper and Pearson 1934)."""
    return np.where(hits > 0, beta.ppf(ERROR, np.maximum(hits, 1), of - hits + 1), 0.0)


def gives_away(hits: np.ndarray, of: np.ndarray, base: np.ndarray, tried: int) -> tuple[np.ndarray, np.ndarray]:
    """The lower bound of P(label | sign), and whether the sign gives the label away; (signs, classes) each.

    `hits`: (signs, classes) units with the sign and the label; `of`: (signs, 1) units with the sign; `base`:
    (classes,) the share of each label. Two conditions: the lower bound is at least 0.8, and luck is ruled out:
    drawn at random, a count this high comes up less often than 5 % divided by the number of signs and labels
    tried (Bonferroni). For a label that most messages have anyway, 0.8 alone would mean little.
    """
    low = lower_bound(hits, of)
    return low, (of >= SUPPORT) & (low >= SURE) & (binom.sf(hits - 1, of, base) * tried < ERROR)


def tell_tales(grams: list[Grams], words: Words, messages: Messages) -> tuple[list[TellTale], np.ndarray]:
    """Phrases whose presence alone gives the label away, the surest first, and which messages hold one, (n,) bool.

    See `gives_away` for the conditions. Of phrases that overlap, such as "please find my" and "find my", only
    those are listed that add messages.
    """
    marks = messages.unit_marks
    base = marks.mean(axis=0)
    many = [np.flatnonzero(g.units() >= SUPPORT) for g in grams]
    tried = max(sum(map(len, many)) * len(base), 1)
    candidates = []
    for g, chosen in zip(grams, many, strict=True):
        if not len(chosen):
            continue
        of = g.units()[chosen, None]
        hits = g.counts(marks)[chosen]
        low, sure = gives_away(hits, of, base, tried)
        for i, c in np.argwhere(sure):
            candidates.append((low[i, c], g, chosen[i], c, int(of[i, 0]), int(hits[i, c])))
    candidates.sort(key=lambda c: (-c[0], -c[4], -c[1].ids.shape[1], c[3]))  # of the same messages, the longest phrase
    covered = np.zeros((len(marks), len(base)), dtype=bool)  # units, by the label that is given away
    found = []
    for low, g, i, c, of, hits in candidates:
        first, last = np.searchsorted(g.gram, [i, i + 1])
        units = g.unit[first:last]
        if (~covered[units, c]).mean() >= NEW:
            found.append(
                TellTale(words.phrase(g.ids[i]), messages.names[c], of, hits, float(low), float(base[c])),
            )
        covered[units, c] = True
    return found, covered.any(axis=1)[messages.unit]


def frames(grams: list[Grams], words: Words, messages: Messages) -> list[tuple[str, np.ndarray, int]]:
    """The most frequent 4-grams: the phrase, in how many units of each class it stands, (classes,), and in all.

    For each label the twenty most frequent, the most frequent first over all.
    """
    if len(grams) < 4 or not len(grams[3].ids):
        return []
    counts, units = grams[3].counts(messages.unit_marks), grams[3].units()
    chosen = {i for c in range(counts.shape[1]) for i in np.argsort(-counts[:, c], kind="stable")[:20] if counts[i, c]}
    order = sorted(chosen, key=lambda i: (-units[i], i))
    return [(words.phrase(grams[3].ids[i]), counts[i], int(units[i])) for i in order]


@dataclass
class Openings:
    """First three words that messages of different groups share: `shared` maps the words to how many groups begin
    so, the most first; `groups` of `of` groups begin like another."""

    shared: dict[str, int]
    groups: int
    of: int


def openings(words: Words, messages: Messages) -> Openings:
    """Repeated openings; messages of fewer than three words have none."""
    begin: dict[tuple, set] = defaultdict(set)
    for i, start in enumerate(words.starts[:-1]):
        if words.starts[i + 1] - start >= 3:
            begin[tuple(words.ids[start : start + 3].tolist())].add(int(messages.group[i]))
    shared = {words.phrase(ids): len(groups) for ids, groups in begin.items() if len(groups) > 1}
    alike = set().union(*(groups for groups in begin.values() if len(groups) > 1))
    ordered = dict(sorted(shared.items(), key=lambda item: (-item[1], item[0])))
    return Openings(ordered, len(alike), len(np.unique(messages.group)))
