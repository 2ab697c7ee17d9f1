"""Multinomial logistic regression: features and labels in, a linear module out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.recipes.linear import build, fit_linear, of_decisions

__all__ = ["build", "fit"]


def fit(
    training: TrainingCells,
    held_out: Examples,  # noqa: ARG001 (nothing is stopped)
    *,
    n_labels: int,
    config: RunConfig,  # noqa: ARG001
    seed: int,  # noqa: ARG001 (the optimum is one)
    penalty: float,
) -> Learnt:
    """Fit scikit-learn's ``LogisticRegression`` with an L2 penalty.

    Features keep their own scale: to divide components by their spread would weigh the
    fiftieth, mostly noise, like the first.

    Parameters
    ----------
    penalty
        The weight of the squared coefficients beside the log loss summed over cells.
    """
    from sklearn.linear_model import LogisticRegression

    def solve(x: Any, codes_n: NDArray[np.int64]) -> Any:
        return of_decisions(LogisticRegression(C=1 / penalty, max_iter=2000).fit(x, codes_n))

    return fit_linear(training, n_labels, solve)
