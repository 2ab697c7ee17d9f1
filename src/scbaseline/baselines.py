"""The simple baselines that stand beside every network: one literal table of scikit-learn models.

They see the protocol's own principal components and the same training cells.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from scbaseline.config import RunConfig


def _majority(_: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="most_frequent")


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


BASELINES: dict[str, Callable[[int], Any]] = {
    "majority": _majority,
    "nearest-centroid": _nearest_centroid,
    "logistic": _logistic,
    "linear-svm": _linear_svm,
}


def predict_baseline(
    name: str,
    train_pcs_nc: NDArray[np.float32],
    train_codes_n: NDArray[np.int64],
    *,
    query_pcs_nc: NDArray[np.float32],
    config: RunConfig,
) -> NDArray[np.int64]:
    """Fit one baseline on the training cells and predict label codes for other cells.

    Parameters
    ----------
    name
        A key of ``BASELINES``.
    train_pcs_nc, train_codes_n
        Principal components and label codes of the training cells.
    query_pcs_nc
        Principal components of the cells to predict.
    config
        ``seed``.
    """
    with threadpool_limits(1):  # small algebra: a second thread costs more than it brings
        model = BASELINES[name](config.seed).fit(train_pcs_nc, train_codes_n)
        return np.asarray(model.predict(query_pcs_nc), dtype=np.int64)
