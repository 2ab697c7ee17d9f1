"""Baselines: training cells' features and labels in; a simple model's predictions out.

One literal table of scikit-learn models, which see the protocol's own features and the same
training cells as every network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from scbaseline.config import RunConfig
from scbaseline.errors import InputError


@dataclass(frozen=True)
class Baseline:
    """A simple model, and what it is given.

    Attributes
    ----------
    name
        Its key in ``BASELINES``.
    features
        ``pca``: principal components; ``hvg``: scaled genes, of which the sparse difference
        is enough (the constant row goes into the intercept).
    make
        Returns the unfitted scikit-learn model for a seed.
    probabilities
        Whether it says how sure it is.
    always
        Whether it stands beside every network; else only where it is asked for.
    """

    name: str
    features: Literal["pca", "hvg"]
    make: Callable[[int], Any]
    probabilities: bool = False
    always: bool = True


@dataclass(frozen=True)
class BaselinePrediction:
    """What a baseline says of each cell.

    Attributes
    ----------
    predicted_n
        Label codes.
    probability_nk
        Probabilities, cells × all labels, 0 for labels without a training cell; None where
        the model has none.
    """

    predicted_n: NDArray[np.int64]
    probability_nk: NDArray[np.float32] | None


def _majority(_: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _nearest_centroid(_: int) -> Any:
    from sklearn.neighbors import NearestCentroid

    return NearestCentroid()


def _logistic(_: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    # Components are left on their own scale: dividing by their spread would weigh the
    # fiftieth, mostly noise, like the first.
    return LogisticRegression(max_iter=2000)


def _linear_svm(seed: int) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(dual=False, random_state=seed)


def _logistic_hvg(_: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    # With more genes than cells a penalty is what makes the optimum one that is reached: at
    # C = 1 the solver stops far from it, and each stop predicts other labels.
    return LogisticRegression(C=0.01, max_iter=2000)


BASELINES: dict[str, Baseline] = {
    one.name: one
    for one in (
        Baseline("majority", "pca", _majority, probabilities=True),
        Baseline("nearest-centroid", "pca", _nearest_centroid),
        Baseline("logistic", "pca", _logistic, probabilities=True),
        Baseline("linear-svm", "pca", _linear_svm),
        Baseline("logistic-hvg", "hvg", _logistic_hvg, probabilities=True, always=False),
    )
}


def predict_baseline(
    name: str,
    train_nf: NDArray[np.floating] | sparse.csr_matrix,
    train_codes_n: NDArray[np.int64],
    *,
    query_nf: NDArray[np.floating] | sparse.csr_matrix,
    n_labels: int,
    config: RunConfig,
) -> BaselinePrediction:
    """Fit one baseline on the training cells and predict the labels of other cells.

    Parameters
    ----------
    name
        A key of ``BASELINES``.
    train_nf, train_codes_n
        Features (as the table says which) and label codes of the training cells.
    query_nf
        The same features of the cells to predict.
    n_labels
        Number of labels; the training cells may lack some.
    config
        ``seed``.

    Raises
    ------
    InputError
        The training cells have fewer than two labels.
    """
    seen_k = np.unique(train_codes_n)
    if len(seen_k) < 2:
        raise InputError(
            f"{name}: the {len(train_codes_n)} training cells have {len(seen_k)} of {n_labels} "
            "labels; a classifier needs at least 2: choose another label column, or other groups"
        )
    baseline = BASELINES[name]
    with threadpool_limits(1):  # small algebra: a second thread costs more than it brings
        model = baseline.make(config.seed).fit(train_nf, train_codes_n)
        predicted_n = np.asarray(model.predict(query_nf), dtype=np.int64)
        if not baseline.probabilities:
            return BaselinePrediction(predicted_n, None)
        probability_nk = np.zeros((len(predicted_n), n_labels), dtype=np.float32)
        probability_nk[:, model.classes_] = model.predict_proba(query_nf)
    return BaselinePrediction(predicted_n, probability_nk)
