"""A linear model that scikit-learn fitted in; the same model as a torch module out.

Every simple recipe is linear in its features, so all of them share one module, one file
format and one path from counts to probabilities with the networks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import nn

from scbaseline.errors import InputError
from scbaseline.learn.examples import Learnt, TrainingCells
from scbaseline.learn.sparse import InputLayer
from scbaseline.scale import ScaledCounts

NEVER = -1e12
"""The logit of a label without a training cell: its probability is 0 at any temperature.

Logits of cells far from all centroids can be below −10,000; none comes near this.
"""


def build(n_inputs: int, n_labels: int, **_: Any) -> nn.Module:
    """Build an empty linear module: features in, one logit per label out."""
    return InputLayer(n_inputs, n_labels)


def fit_linear(
    training: TrainingCells,
    n_labels: int,
    fit: Callable[[Any, NDArray[np.int64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> Learnt:
    """Fit a linear model on the training cells and return it as a module.

    Parameters
    ----------
    training
        Cells to learn from; those that memory holds.
    n_labels
        The number of labels, k; the training cells may lack some.
    fit
        Takes features (cells × features, dense, or what the cells add to a constant row, CSR)
        and codes 0 … m − 1 of the m labels that are there; returns m × features weights and m
        intercepts, whose sums are the logits.

    Raises
    ------
    InputError
        The training cells have fewer than two labels.
    """
    sample = training.sample
    present_m, codes_n = np.unique(sample.codes_n, return_inverse=True)
    if len(present_m) < 2:
        raise InputError(
            f"the {len(codes_n):,} training cells have {len(present_m)} of {n_labels} labels; a "
            "classifier needs at least 2: choose another label column, or other groups"
        )
    # A linear model needs no constant row: it goes into the intercept.
    constant_g = sample.x.zero_g if isinstance(sample.x, ScaledCounts) else None
    x = sample.x.difference_ng if isinstance(sample.x, ScaledCounts) else sample.x
    with threadpool_limits(1):  # small algebra: a second thread costs more than it brings
        weight_mf, bias_m = fit(x, codes_n)
    if constant_g is not None:
        bias_m = bias_m - weight_mf @ constant_g
    weight_fk = np.zeros((weight_mf.shape[1], n_labels))
    bias_k = np.full(n_labels, NEVER)
    weight_fk[:, present_m], bias_k[present_m] = weight_mf.T, bias_m
    with torch.random.fork_rng(devices=[]):  # its first weights are drawn, and replaced
        module = InputLayer(len(weight_fk), n_labels)
    with torch.no_grad():
        module.weight_gh.copy_(torch.from_numpy(weight_fk))
        module.bias_h.copy_(torch.from_numpy(bias_k))
    return Learnt(module.eval())


def of_decisions(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and intercepts of a fitted linear model, a row per label.

    With two labels scikit-learn keeps one row, which is positive for the second label.
    """
    weight, bias = np.asarray(model.coef_), np.asarray(model.intercept_)
    if len(weight) > 1:
        return weight, bias
    # The difference of the two logits is the model's decision.
    return np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
