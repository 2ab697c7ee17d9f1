"""The largest label for every cell: the floor that any classifier should be above."""

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
    """Give every cell the labels' shares among the training cells as probabilities."""

    def shares(x: Any, codes_n: NDArray[np.int64]) -> Any:
        n_m = np.bincount(codes_n)
        return np.zeros((len(n_m), x.shape[1])), np.log(n_m / n_m.sum())

    return fit_linear(training, n_labels, shares)
