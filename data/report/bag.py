"""How much a bag of words alone knows: what is left to find for a model that reads."""

import warnings
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from data.report.messages import Messages

MOST_ROWS = 20_000
FOLDS = 5


@dataclass(frozen=True)
class Bag:
    """`metric`: "ROC-AUC" (of two classes, or the mean over several labels a message) or "accuracy"; `folds`: its
    value on each fold; `chance`: that of a model that reads nothing; `rows`: messages it was measured on."""

    metric: str
    folds: tuple[float, ...]
    chance: float
    rows: int

    @property
    def value(self) -> float:
        """The mean over the folds."""
        return sum(self.folds) / len(self.folds)

    @property
    def found(self) -> float:
        """The share of the way from chance to perfect, 0 to 1."""
        return max(0.0, (self.value - self.chance) / (1 - self.chance)) if self.chance < 1 else 1.0

    def sentence(self) -> str:
        """What it means."""
        low, high = min(self.folds), max(self.folds)
        figure = f"a bag of words reaches {self.metric} {self.value:.3f} (folds {low:.3f} to {high:.3f})"
        if self.found >= 0.9:
            meaning = "single words all but give the label away: look at the phrases below before believing any model"
        elif self.found >= 0.6:
            meaning = (
                "single words tell much of it, and a fine-tuned model has to be compared with that, not with chance"
            )
        elif self.found >= 0.25:
            meaning = "single words help, and most of it has to come from reading"
        else:
            meaning = "single words say next to nothing, so what a model scores above that, it has from reading"
        return f"{figure}, where knowing nothing has {self.chance:.3f}: {meaning}"


def bag_of_words(messages: Messages, seed: int, progress: bool) -> Bag | None:
    """Cross-validate TF-IDF and logistic regression on the text of the training split, whole groups to a fold.

    At most 20,000 messages, drawn at random. Classes with fewer than five groups are left out. None where fewer
    than two classes (of several a message: one) are left, or no word stands in two messages.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, roc_auc_score
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    rows = np.flatnonzero(messages.split == "train")
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    several = messages.kind == "multilabel"
    groups, marks = messages.group[rows], messages.marks[rows]
    marks = marks[:, [len(np.unique(groups[column == 1])) >= FOLDS for column in marks.T]]
    if marks.shape[1] < (1 if several else 2):
        return None
    kept = np.ones(len(rows), dtype=bool) if several else marks.any(axis=1)
    rows, groups, marks = rows[kept], groups[kept], marks[kept]
    text = np.array([messages.text[i] for i in rows], dtype=object)
    two = not several and marks.shape[1] == 2
    if several:
        parts = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(text, groups=groups)
    else:
        parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(text, marks.argmax(axis=1), groups)
    scores = []
    for train, test in tqdm(parts, total=FOLDS, desc="bag of words", disable=not progress, leave=False):
        # With many classes, pairs of words would make it slow and hardly better.
        longest = 2 if marks.shape[1] <= 10 else 1
        bag = TfidfVectorizer(ngram_range=(1, longest), sublinear_tf=True, min_df=2, max_features=50_000)
        try:
            known, new = bag.fit_transform(text[train]), bag.transform(text[test])
        except ValueError:  # no word stands in two messages
            return None

        def model():
            return LogisticRegression(C=10.0, max_iter=200)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 200 steps are near enough for a look
            if several or two:
                aucs = []
                for c in range(marks.shape[1]) if several else [1]:
                    if 0 < marks[train, c].mean() < 1 and 0 < marks[test, c].mean() < 1:
                        scored = model().fit(known, marks[train, c]).decision_function(new)
                        aucs.append(roc_auc_score(marks[test, c], scored))
                scores += [float(np.mean(aucs))] if aucs else []
            else:
                truth = marks.argmax(axis=1)
                scores.append(float(accuracy_score(truth[test], model().fit(known, truth[train]).predict(new))))
    if not scores:
        return None
    chance = 0.5 if several or two else float(marks.mean(axis=0).max())
    return Bag("ROC-AUC" if several or two else "accuracy", tuple(scores), chance, len(rows))
