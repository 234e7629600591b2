"""What the fine-tuned model has to beat: the class shares, and a well-tuned bag of words."""

from __future__ import annotations

import numpy as np
from datasets import Dataset
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from data.labels import LabelSpace
from data.tickets import Tickets
from train.metrics import negative_log_likelihoods

FOLDS = 3
STRENGTHS = (1.0, 10.0, 100.0)


def majority(train_labels: np.ndarray, n: int, labels: LabelSpace) -> np.ndarray:
    """The class shares of the training split as everybody's probabilities, shape (n, classes)."""
    if labels.kind == "multilabel":
        shares = train_labels.mean(axis=0)
    else:
        shares = np.bincount(train_labels, minlength=len(labels.names)) / len(train_labels)
    return np.tile(shares, (n, 1))


def tfidf_logistic(tickets: Tickets, seed: int) -> np.ndarray:
    """Probabilities (n, classes) on test of logistic regression on TF-IDF word 1- and 2-grams of both texts.

    Its regularisation is chosen on the training split by cross-validated likelihood, on stratified folds that keep
    groups whole; where a class has too few groups for that, the middle strength is taken.
    """
    train, test, labels = tickets.splits["train"], tickets.splits["test"], tickets.labels
    y = np.asarray(train["label"])
    truth = y.astype(bool) if labels.kind == "multilabel" else np.eye(len(labels.names), dtype=bool)[y]
    strength = STRENGTHS[1]
    groups = [len(np.unique(np.asarray(train["group"])[held])) for held in truth.T]
    if min(groups) >= FOLDS:
        loss = np.zeros(len(STRENGTHS))
        fold_of = tickets.folds(FOLDS, seed)
        for fold in range(FOLDS):
            inside, outside = (train.select(np.flatnonzero(rows)) for rows in (fold_of != fold, fold_of == fold))
            seen, unseen = _vectorise(inside, outside)
            for i, c in enumerate(STRENGTHS):
                p = _fit(seen, np.asarray(inside["label"]), labels, c, seed).predict_proba(unseen)
                loss[i] += negative_log_likelihoods(p, truth[fold_of == fold], labels.kind).sum()
        strength = STRENGTHS[int(loss.argmin())]
    seen, unseen = _vectorise(train, test)
    return _fit(seen, y, labels, strength, seed).predict_proba(unseen)


def _vectorise(train: Dataset, test: Dataset) -> tuple[csr_matrix, csr_matrix]:
    """TF-IDF of the message's 1- and 2-grams beside that of the second text's words, sparse (n, terms)."""
    blocks = []
    for column, ngrams in (("text", (1, 2)), ("pair", (1, 1))):
        if any(train[column]):
            tfidf = TfidfVectorizer(ngram_range=ngrams, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
            blocks.append((tfidf.fit_transform(train[column]), tfidf.transform(test[column])))
    seen, unseen = zip(*blocks, strict=True)
    return hstack(seen, format="csr"), hstack(unseen, format="csr")


def _fit(x: csr_matrix, y: np.ndarray, labels: LabelSpace, strength: float, seed: int):
    logistic = LogisticRegression(C=strength, max_iter=300, tol=1e-3, random_state=seed)
    return (OneVsRestClassifier(logistic) if labels.kind == "multilabel" else logistic).fit(x, y)
