"""What the fine-tuned model has to beat: the class shares, and a well-tuned bag of words."""

from __future__ import annotations

import numpy as np
from datasets import Dataset
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from data.labels import LabelSpace

TEXT, PAIR = 0, 1
FOLDS = 5
STRENGTHS = (1.0, 10.0, 100.0)


def majority(train_labels: np.ndarray, n: int, labels: LabelSpace) -> np.ndarray:
    """The class shares of the training split as everybody's probabilities, shape (n, classes)."""
    if labels.kind == "multilabel":
        shares = train_labels.mean(axis=0)
    else:
        shares = np.bincount(train_labels, minlength=len(labels.names)) / len(train_labels)
    return np.tile(shares, (n, 1))


def tfidf_logistic(train: Dataset, test: Dataset, labels: LabelSpace, seed: int) -> np.ndarray:
    """Probabilities (n, classes) of logistic regression on TF-IDF word 1- and 2-grams of message and company.

    Its regularisation is chosen by cross-validation on the training split, stratified, whole groups to a fold.
    """
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode", min_df=2)
    blocks = [("text", words, TEXT)]
    if any(train["pair"]):
        blocks.append(("pair", TfidfVectorizer(token_pattern=r"\S+"), PAIR))
    logistic = LogisticRegression(max_iter=1000, random_state=seed)
    bag = ColumnTransformer(blocks)
    y = np.asarray(train["label"])
    if labels.kind == "multilabel":
        pipeline, name = (
            make_pipeline(bag, OneVsRestClassifier(logistic)),
            "onevsrestclassifier__estimator__C",
        )
        folds, scoring = FOLDS, "average_precision"
    else:
        pipeline, name = make_pipeline(bag, logistic), "logisticregression__C"
        folds = StratifiedGroupKFold(min(FOLDS, np.bincount(y).min()), shuffle=True, random_state=seed)
        scoring = "neg_log_loss" if labels.kind == "binary" else "accuracy"
    search = GridSearchCV(pipeline, {name: STRENGTHS}, scoring=scoring, cv=folds, error_score="raise")
    search.fit(_columns(train), y, groups=train["group"])
    return search.predict_proba(_columns(test))


def _columns(split: Dataset) -> np.ndarray:
    return np.array([split["text"], split["pair"]], dtype=object).T
