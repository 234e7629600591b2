"""Near-duplicate messages: with one in training, a model knows the other in the test set by heart."""

import re
from collections.abc import Iterable
from zlib import crc32

import numpy as np
from datasketch import MinHash, MinHashLSH
from tqdm.auto import tqdm

THRESHOLD = 0.8  # Jaccard similarity of the sets of word 3-grams from which on two messages count as one
# 25 bands of 5: a pair at the threshold is overlooked once in 20,000 times (1 - (1 - 0.8^5)^25), and the
# false candidates this lets in cost little, since each is verified. datasketch's own choice for 0.8 (9 bands
# of 13) would overlook three in five.
BANDS, BAND = 25, 5
# In a bucket, each message is compared with so many others at most: thousands of mails that share one
# signature would otherwise be compared each with each.
COMPARED = 16
# Scripts that write no spaces (Thai to Lao, kana, Han) count as one word a character.
WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|\w+")


def words(text: str) -> tuple[str, ...]:
    """The words of a message in lower case, or, if it has none (emoji), the message as it is."""
    return tuple(WORD.findall(text.lower())) or (text.strip(),)


def shingles(text: tuple[str, ...]) -> frozenset[bytes]:
    """The set of word 3-grams; empty for fewer than three words."""
    return frozenset(" ".join(text[i : i + 3]).encode() for i in range(len(text) - 2))


def jaccard(a: frozenset, b: frozenset) -> float:
    """The share of the common elements in all of them, 0 to 1; not both may be empty."""
    common = len(a & b)
    return common / (len(a) + len(b) - common)


def near_duplicates(texts: list[str], progress: bool = False) -> np.ndarray:
    """Number the groups of near-duplicates: an int array, one entry per text, equal within a group.

    Groups are closed under "is a near-duplicate of", so that two members may themselves be less alike.
    Messages of fewer than three words belong together only if they are the same words. MinHash signatures
    (Broder 1997) in a locality-sensitive index (Leskovec et al., Mining of Massive Datasets, ch. 3) propose
    the pairs, and the exact Jaccard similarity decides. The same texts give the same groups on any machine.
    """
    first: dict[tuple[str, ...], int] = {}  # the same words: one group, without any hashing
    same = np.array([first.setdefault(words(text), len(first)) for text in texts], dtype=np.int64)
    grams = {number: found for text, number in first.items() if (found := shingles(text))}
    sketches = MinHash.generator(grams.values(), num_perm=BANDS * BAND, hashfunc=crc32)  # hash() differs by process
    index = MinHashLSH(num_perm=BANDS * BAND, params=(BANDS, BAND))
    with index.insertion_session() as session:
        bar = tqdm(sketches, total=len(grams), desc="near-duplicates", disable=not progress, leave=False)
        for number, sketch in zip(grams, bar, strict=True):
            session.insert(number, sketch, check_duplication=False)
    joined = DisjointSets(len(first))
    for table in index.hashtables:
        for bucket in map(table.get, table.keys()):
            if len(bucket) < 2:
                continue
            compared: list[int] = []
            for one in sorted(bucket):
                for other in compared:
                    if joined.find(one) != joined.find(other) and jaccard(grams[one], grams[other]) >= THRESHOLD:
                        joined.join(one, other)
                if len(compared) < COMPARED:
                    compared.append(one)
    return joined.numbers()[same]


def linked(near: np.ndarray, groups: list[str]) -> np.ndarray:
    """Join near-duplicates (numbers as above) with groups by name ("" for none) into what stays together."""
    joined = DisjointSets(len(near))
    for keys in (near.tolist(), groups):
        first: dict = {}
        for i, key in enumerate(keys):
            if key != "":
                joined.join(first.setdefault(key, i), i)
    return joined.numbers()


class DisjointSets:
    """Disjoint sets of the numbers 0 to n - 1 (union-find; Galler and Fischer 1964)."""

    def __init__(self, n: int):
        self.parent = list(range(n))

    def find(self, i: int) -> int:
        while self.parent[i] != i:
            self.parent[i] = i = self.parent[self.parent[i]]
        return i

    def join(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        self.parent[max(a, b)] = min(a, b)

    def numbers(self) -> np.ndarray:
        """The set of each number, counted from 0 in order of appearance."""
        roots: Iterable[int] = (self.find(i) for i in range(len(self.parent)))
        seen: dict[int, int] = {}
        return np.array([seen.setdefault(root, len(seen)) for root in roots], dtype=np.int64)
