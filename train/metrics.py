"""Classification metrics as a local module of `evaluate`; nothing is downloaded.

    evaluate.load("train/metrics.py", "binary").compute(predictions=probabilities, references=labels)

`ClassificationMetrics(config_name="binary")` is the same object without the loader. Every figure takes ticket
weights, because a bootstrap resample is nothing but a vector of counts (`train/bootstrap.py`).
"""

from __future__ import annotations

# One import a line, and nothing of this project: evaluate's loader copies this file elsewhere and parses it.
import datasets
import evaluate
import numpy as np

ECE_BINS = 15
DESCRIPTION = "Accuracy, macro-F1, per-class figures, ROC-AUC, PR-AUC, MCC, Brier score and ECE from probabilities."
INPUTS = """
predictions: probabilities of shape (n, classes): rows sum to 1, except for multilabel (one probability a class).
references: class numbers of shape (n,); for multilabel 0 or 1 of shape (n, classes).
Returns a flat dictionary; per-class figures under `per_class`, in class order.
"""


class ClassificationMetrics(evaluate.Metric):
    """Config names: `binary` (class 1 is the positive one), `multiclass`, `multilabel`."""

    def _info(self) -> evaluate.MetricInfo:
        many = datasets.Sequence(datasets.Value("int64"))
        one = datasets.Value("int64")
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("float64")),
                    "references": many if self.config_name == "multilabel" else one,
                }
            ),
        )

    def _compute(self, predictions, references) -> dict:
        return Scorer(np.asarray(predictions), np.asarray(references), self.config_name)()


class Scorer:
    """Metrics of fixed probabilities as a function of ticket weights; what can be sorted once is sorted once.

    probabilities: (n, classes). references: class numbers (n,), or 0/1 of shape (n, classes) for multilabel.
    """

    def __init__(self, probabilities: np.ndarray, references: np.ndarray, kind: str) -> None:
        classes = probabilities.shape[1]
        if kind == "multilabel":
            truth, chosen = references.astype(bool), probabilities >= 0.5
        else:
            truth = np.eye(classes, dtype=bool)[references]
            chosen = np.eye(classes, dtype=bool)[probabilities.argmax(axis=1)]
        # As numbers, once: a bootstrap multiplies them a thousand times.
        self.kind = kind
        self.hits, self.picks, self.labels = (v.astype(float) for v in (truth & chosen, chosen, truth))
        self.right = (truth == chosen).all(axis=1).astype(float)
        self.squares = squared_errors(probabilities, truth, kind)
        self.surprise = negative_log_likelihoods(probabilities, truth, kind)
        self.sure, self.held = confidence(probabilities, truth, kind)
        scored = [1] if kind == "binary" else range(classes)
        self.rankings = [Ranking(probabilities[:, c], truth[:, c]) for c in scored]

    def __call__(self, weights: np.ndarray | None = None) -> dict:
        """All figures, each ticket counting `weights` times (n,); what is not defined on these tickets is NaN."""
        weights = np.ones(len(self.right)) if weights is None else weights.astype(float)
        n = weights.sum()
        hit, predicted, support = weights @ self.hits, weights @ self.picks, weights @ self.labels
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = np.where(predicted > 0, hit / predicted, 0.0)
            recall = np.where(support > 0, hit / support, np.nan)
            f1 = np.where(support > 0, 2 * hit / (predicted + support), np.nan)
        areas = [ranking.areas(weights) for ranking in self.rankings]
        several = self.sure.size // len(self.right)
        return {
            "accuracy": float(weights @ self.right / n),
            "macro_f1": float(f1[support > 0].mean()),
            "roc_auc": _mean([roc for roc, _ in areas]),
            "pr_auc": _mean([pr for _, pr in areas]),
            "mcc": _mcc(hit, predicted, support, n, self.kind),
            "brier": float(weights @ self.squares / n),
            "nll": float(weights @ self.surprise / n),
            "ece": ece(self.sure, self.held, np.repeat(weights, several)),
            "per_class": {
                "precision": precision.tolist(),
                "recall": recall.tolist(),
                "f1": f1.tolist(),
                "support": support.tolist(),
            },
        }


class Ranking:
    """Areas under the curves of one class; scores and truth (bool) of shape (n,), ties counting half."""

    def __init__(self, scores: np.ndarray, truth: np.ndarray) -> None:
        self.truth = truth
        _, self.place = np.unique(scores, return_inverse=True)

    def areas(self, weights: np.ndarray) -> tuple[float, float]:
        """(ROC-AUC, average precision) of the weighted tickets; NaN where a class is missing."""
        positive = np.bincount(self.place, weights * self.truth)
        negative = np.bincount(self.place, weights * ~self.truth)
        if positive.sum() == 0 or negative.sum() == 0:
            return np.nan, np.nan
        below = np.cumsum(negative) - negative
        roc = positive @ (below + negative / 2) / (positive.sum() * negative.sum())
        hits, flagged = np.cumsum(positive[::-1]), np.cumsum((positive + negative)[::-1])
        precision = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
        return float(roc), float(positive[::-1] @ precision / positive.sum())


def ece(confidence: np.ndarray, correct: np.ndarray, weights: np.ndarray) -> float:
    """Expected calibration error over 15 equal-width bins (Guo et al. 2017); all of shape (n,)."""
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gap = np.bincount(bins, weights * (confidence - correct), ECE_BINS)
    return float(np.abs(gap).sum() / weights.sum())


def confidence(probabilities: np.ndarray, truth: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """What calibration is about, and whether it held: (m,) probabilities and (m,) 0 or 1.

    The positive class (binary), the predicted class (multiclass), or every label for itself (multilabel, m = n ·
    classes); truth is bool of shape (n, classes).
    """
    if kind == "binary":
        return probabilities[:, 1], truth[:, 1].astype(float)
    if kind == "multiclass":
        top = probabilities.argmax(axis=1)
        return probabilities.max(axis=1), truth[np.arange(len(top)), top].astype(float)
    return probabilities.ravel(), truth.ravel().astype(float)


def squared_errors(probabilities: np.ndarray, truth: np.ndarray, kind: str) -> np.ndarray:
    """A ticket's part of the Brier score (n,): of the positive class, summed over classes, or averaged over labels."""
    squares = (probabilities - truth) ** 2
    return {"binary": squares[:, -1], "multiclass": squares.sum(axis=1), "multilabel": squares.mean(axis=1)}[kind]


def negative_log_likelihoods(probabilities: np.ndarray, truth: np.ndarray, kind: str) -> np.ndarray:
    """Minus the log probability of what is true, a ticket (n,); for multilabel averaged over labels."""
    likely = np.where(truth, probabilities, 1 - probabilities if kind == "multilabel" else 1.0)
    each = -np.log(np.maximum(likely, np.finfo(float).tiny))
    return each.mean(axis=1) if kind == "multilabel" else each.sum(axis=1)


def _mcc(hit: np.ndarray, predicted: np.ndarray, support: np.ndarray, n: float, kind: str) -> float:
    """Matthews correlation of K classes (Gorodkin 2004) from their counts; for multilabel the mean over labels."""
    if kind == "multilabel":
        each = zip(hit, predicted, support, strict=True)
        return _mean(
            [_mcc(np.array([h, n - p - s + h]), np.array([p, n - p]), np.array([s, n - s]), n, "") for h, p, s in each]
        )
    spread = np.sqrt((n**2 - predicted @ predicted) * (n**2 - support @ support))
    return float((hit.sum() * n - support @ predicted) / spread) if spread > 0 else 0.0


def _mean(values: list[float]) -> float:
    values = [v for v in values if not np.isnan(v)]
    return float(np.mean(values)) if values else np.nan
