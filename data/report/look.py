"""The look at a source of tickets: everything that the report shows, found in one go."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from data.options import DataOptions
from data.report import bag, languages, phrases, profile, repeats, vocabulary, words
from data.report.messages import Messages, gather
from data.tickets import Tickets, load


@dataclass
class Look:
    """What was found, by the module that found it."""

    tickets: Tickets
    messages: Messages
    balance: dict[str, np.ndarray]  # split: messages of each class, (classes,)
    gaps: dict[str, int]  # column: missing values
    lengths: profile.Lengths
    traces: dict[str, int]  # trace: messages
    categories: list[profile.Category]
    uncategorised: list[str]  # columns that are not shown by label
    repeats: repeats.Repeats
    top_words: dict[str, list[vocabulary.Word]]  # label: words
    tell_tales: list[phrases.TellTale]
    told: np.ndarray  # (n,) bool: messages that hold a tell-tale phrase
    frames: list[tuple[str, np.ndarray, int]]
    openings: phrases.Openings
    growth: vocabulary.Growth
    languages: np.ndarray  # (n,) str
    bag: bag.Bag | None


def look(options: DataOptions, seed: int, progress: bool) -> Look:
    """Read the tickets and look at them from every side. Raises DataError as `data.tickets.load` does."""
    tickets = load(options, seed, progress)
    messages = gather(tickets)
    with tqdm(total=7, desc="looking", disable=not progress, leave=False) as bar:

        def step(result):
            bar.update()
            return result

        numbered = step(words.number(messages.text))
        grams = step(words.frequent(numbered, messages.unit, phrases.LEAST))
        tell_tales, told = step(phrases.tell_tales(grams, numbered, messages))
        categories, uncategorised = profile.categories(tickets, messages)
        return Look(
            tickets=tickets,
            messages=messages,
            balance=repeats.balance(messages),
            gaps=profile.gaps(tickets, messages),
            lengths=step(profile.Lengths(numbered.lengths, profile.tokens(messages, progress))),
            traces=profile.traces(messages.text),
            categories=categories,
            uncategorised=uncategorised,
            repeats=step(repeats.repeats(messages)),
            top_words=vocabulary.top_words(numbered, messages),
            tell_tales=tell_tales,
            told=told,
            frames=phrases.frames(grams, numbered, messages),
            openings=phrases.openings(numbered, messages),
            growth=vocabulary.growth(numbered, messages.group, seed),
            languages=step(np.array([languages.language(text) for text in messages.text])),
            bag=step(bag.bag_of_words(messages, seed, progress)),
        )


def by_language(found: np.ndarray) -> list[tuple[str, int]]:
    """Languages and how many messages are in each, the most first, "unknown" last."""
    return sorted(Counter(found.tolist()).items(), key=lambda item: (item[0] == languages.UNKNOWN, -item[1], item[0]))
