"""The words that set a label apart, and how the vocabulary grows."""

from dataclasses import dataclass

import numpy as np

from data.report.messages import Messages
from data.report.words import Words

PRIOR = 500.0  # how many words the prior is worth: enough to keep words that stand in three messages from the top
SHOWN = 20
POINTS = 60


def log_odds(inside: np.ndarray, outside: np.ndarray, prior: float = PRIOR) -> tuple[np.ndarray, np.ndarray]:
    """By how much the log-odds of each word differ between a label and the rest, and that as a z-score.

    `inside`, `outside`: (words,) counts in the two. Returns two arrays (words,). The counts are smoothed by an
    informative Dirichlet prior, the word's share in both together times `prior` (Monroe, Colaresi and Quinn
    2008, "Fightin' Words", Political Analysis 16(4)): rare words shrink to no difference at all, and the
    z-score puts frequent function words and rare names in their place without a list of stop words.
    """
    weight = prior * (inside + outside) / max((inside + outside).sum(), 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a word in neither has no odds
        a, b = inside + weight, outside + weight
        delta = np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))
        z = delta / np.sqrt(1 / a + 1 / b)
    return np.nan_to_num(delta, posinf=0, neginf=0), np.nan_to_num(z, posinf=0, neginf=0)


@dataclass(frozen=True)
class Word:
    """A word that is typical of a label: in how many units of the label and of the others it stands."""

    word: str
    z: float
    inside: int
    outside: int


def top_words(words: Words, messages: Messages, shown: int = SHOWN) -> dict[str, list[Word]]:
    """For each label its most typical words, by z-score, at least 1.96.

    A word counts once a unit (see `data.messages`), however often it is repeated there: one long message must
    not make a word typical.
    """
    units = len(messages.unit_marks)
    together = np.unique(words.ids * units + messages.unit[words.row])
    word, unit = together // units, together % units
    total = np.bincount(word, minlength=len(words.vocabulary))
    found = {}
    for c, name in enumerate(messages.names):
        inside = np.bincount(word, weights=messages.unit_marks[unit, c], minlength=len(total))
        _, z = log_odds(inside, total - inside)
        top = [i for i in np.argsort(-z, kind="stable")[:shown] if z[i] >= 1.96]
        found[name] = [Word(words.vocabulary[i], float(z[i]), int(inside[i]), int(total[i] - inside[i])) for i in top]
    return found


@dataclass
class Growth:
    """`types` distinct words among the first `tokens` words, (points,) each; V = `factor` * N ^ `exponent`."""

    tokens: np.ndarray
    types: np.ndarray
    factor: float
    exponent: float


def growth(words: Words, groups: np.ndarray, seed: int) -> Growth:
    """How the vocabulary grows with the text, over the messages in random order, one of each group.

    `groups`: (n,) int; only the first message of a group counts, since twins and copies add words to the text
    and none to the vocabulary. The curve is fitted by Heaps' law (Heaps 1978; Manning, Raghavan and Schütze
    2008, section 5.1.1) with least squares on the logarithms, from a hundredth of the text on: before that,
    nearly every word is new. English news has an exponent of about 0.5 (ibid.), small collections more, and
    text from templates less. Fewer than 100 words are not fitted (NaN).
    """
    chosen = np.unique(groups, return_index=True)[1]
    order = np.random.default_rng(seed).permutation(chosen)
    ids = np.concatenate([words.ids[words.starts[i] : words.starts[i + 1]] for i in order])
    new = np.zeros(len(ids), dtype=np.int64)
    new[np.unique(ids, return_index=True)[1]] = 1
    types = np.cumsum(new)
    if len(ids) < 100:
        return Growth(np.arange(1, len(ids) + 1), types, float("nan"), float("nan"))
    at = np.unique(np.geomspace(max(10, len(ids) // 100), len(ids), POINTS).astype(int))
    exponent, factor = np.polyfit(np.log(at), np.log(types[at - 1]), 1)
    return Growth(at, types[at - 1], float(np.exp(factor)), float(exponent))
