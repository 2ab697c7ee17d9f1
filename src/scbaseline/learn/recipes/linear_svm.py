"""A linear support vector machine: features and labels in, a linear module out.

Its decision values are no log probabilities; the temperature, which validation cells choose
for every recipe, makes probabilities of them.
"""

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
    seed: int,
) -> Learnt:
    """Fit scikit-learn's ``LinearSVC``, one label against the others."""
    from sklearn.svm import LinearSVC

    def solve(x: Any, codes_n: NDArray[np.int64]) -> Any:
        return of_decisions(LinearSVC(dual=False, random_state=seed).fit(x, codes_n))

    return fit_linear(training, n_labels, solve)
