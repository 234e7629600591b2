"""Messages as word numbers in one flat array, and the n-grams that are frequent among them."""

import re
from dataclasses import dataclass

import numpy as np

# Unlike data.duplicates, which only compares, this is shown to people: "don't" stays one word. Scripts that
# write no spaces (Thai to Lao, kana, Han) count as one word a character here, too.
SINGLE = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(rf"[{SINGLE}]|[^\W{SINGLE}]+(?:'[^\W{SINGLE}]+)*")


def split(text: str) -> list[str]:
    """The words of a message in lower case, with straight apostrophes."""
    return WORD.findall(text.lower().replace("’", "'"))


@dataclass
class Words:
    """The m words of n messages. `ids`: (m,) word numbers into `vocabulary`; `row`: (m,) the message of each;
    `starts`: (n + 1,), message i has `ids[starts[i]:starts[i + 1]]`."""

    vocabulary: list[str]
    ids: np.ndarray
    row: np.ndarray
    starts: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Words of each message, (n,)."""
        return np.diff(self.starts)

    def phrase(self, ids) -> str:
        """These word numbers as text."""
        return " ".join(self.vocabulary[i] for i in ids)


def number(texts: list[str]) -> Words:
    """Split the messages into words and number these."""
    vocabulary: dict[str, int] = {}
    ids: list[int] = []
    starts = [0]
    for text in texts:
        ids += [vocabulary.setdefault(word, len(vocabulary)) for word in split(text)]
        starts.append(len(ids))
    row = np.repeat(np.arange(len(texts)), np.diff(starts))
    return Words(list(vocabulary), np.array(ids, dtype=np.int64), row, np.array(starts))


@dataclass
class Grams:
    """The k n-grams of one length that stand in enough units (see `data.messages`).

    `ids`: (k, length) word numbers. `gram`, `unit`: (p,) each, the pairs of n-gram and unit in which it stands,
    each pair once, ordered by n-gram.
    """

    ids: np.ndarray
    gram: np.ndarray
    unit: np.ndarray

    def counts(self, marks: np.ndarray) -> np.ndarray:
        """In how many units of each class the n-grams stand, (k, classes); `marks`: (units, classes) of 0 and 1."""
        return np.stack(
            [
                np.bincount(self.gram, weights=marks[self.unit, c], minlength=len(self.ids))
                for c in range(marks.shape[1])
            ],
            axis=1,
        ).astype(np.int64)

    def units(self) -> np.ndarray:
        """In how many units the n-grams stand, (k,)."""
        return np.bincount(self.gram, minlength=len(self.ids))


def frequent(words: Words, unit: np.ndarray, least: int, longest: int = 4) -> list[Grams]:
    """The n-grams of 1 to `longest` words that stand in at least `least` units; `unit`: (n,) int, of each message.

    An n-gram can only be that frequent if both (n - 1)-grams in it are (Agrawal and Srikant 1994), so that each
    length is counted among the survivors of the one before, as whole arrays.
    """
    found: list[Grams] = []
    at = words.ids  # per position: the number of the n-gram that begins there; -1 for one that is too rare
    ids = np.arange(len(words.vocabulary))[:, None]
    units = int(unit.max()) + 1
    for length in range(1, longest + 1):
        if length > 1:
            if len(at) < 2:
                break
            left, right = at[:-1], at[1:]
            whole = (left >= 0) & (right >= 0) & (words.row[: len(left)] == words.row[length - 1 :])
            pairs = left[whole] * len(ids) + right[whole]
            distinct, inverse = np.unique(pairs, return_inverse=True)
            ids = np.hstack([ids[distinct // max(len(ids), 1)], ids[distinct % max(len(ids), 1)][:, -1:]])
            at = np.full(len(left), -1)
            at[whole] = inverse
        whole = at >= 0
        together = np.unique(at[whole] * units + unit[words.row[: len(at)][whole]])
        gram, where = together // units, together % units
        kept = np.bincount(gram, minlength=len(ids)) >= least
        renumbered = np.where(kept, np.cumsum(kept) - 1, -1)
        there = kept[gram]
        ids = ids[kept]
        found.append(Grams(ids, renumbered[gram[there]], where[there]))
        at = np.where(whole, renumbered[at], -1) if len(kept) else at
    return found
