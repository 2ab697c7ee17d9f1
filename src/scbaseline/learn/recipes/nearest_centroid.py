"""The nearest centroid: features and labels in, a linear module out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.recipes.linear import build, fit_linear

__all__ = ["build", "fit"]


def fit(
    training: TrainingCells,
    held_out: Examples,  # noqa: ARG001 (nothing is stopped)
    *,
    n_labels: int,
    config: RunConfig,  # noqa: ARG001
    seed: int,  # noqa: ARG001
) -> Learnt:
    """Take each label's mean as its centroid c; the logit of a cell x is x·c − |c|² / 2.

    That is half of |x|² − |x − c|², so that the largest logit is the nearest centroid.
    """

    def centroids(x: Any, codes_n: NDArray[np.int64]) -> Any:
        center_mf = np.stack(
            [np.asarray(x[codes_n == m].mean(axis=0)).ravel() for m in range(codes_n.max() + 1)]
        ).astype(np.float64)
        return center_mf, -(center_mf**2).sum(axis=1) / 2

    return fit_linear(training, n_labels, centroids)
