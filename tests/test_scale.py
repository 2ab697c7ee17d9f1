"""Claims about the one formula of normalisation and scaling, in training and in serving."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from scbaseline.model.front import StandardisedCounts
from scbaseline.scale import Scale, ScaledCounts, log_normalise


def example(seed: int, depth: float) -> tuple[np.ndarray, np.ndarray, Scale]:
    """Return counts with fractions, one cell without any, totals, and a scale."""
    rng = np.random.default_rng(seed)
    counts_ng = rng.poisson(0.7, size=(20, 12)) * depth
    counts_ng[0] = 0
    scale = Scale(rng.normal(1, 0.5, 12), rng.uniform(0.3, 2, 12), 1e4, 3.0)
    return counts_ng.astype(np.float32), counts_ng.sum(axis=1), scale


def by_hand(counts_ng: np.ndarray, total_n: np.ndarray, scale: Scale) -> np.ndarray:
    share_ng = counts_ng / np.where(total_n > 0, total_n, 1)[:, None]
    z_ng = (np.log(1 + 1e4 * share_ng) - scale.mean_g) / scale.sd_g
    return np.clip(z_ng, -3, 3)


def front_of(scale: Scale) -> StandardisedCounts:
    front = StandardisedCounts(12)
    for name in ("mean_g", "sd_g", "target_sum", "max_value"):
        getattr(front, name).copy_(torch.as_tensor(getattr(scale, name)))
    return front


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 1.0]))
def test_training_scales_as_by_hand(seed: int, depth: float) -> None:
    """The sparse form is the dense matrix, for totals below 1 as well."""
    counts_ng, total_n, scale = example(seed, depth)
    scaled = scale.sparse(sparse.csr_matrix(counts_ng), total_n)
    assert isinstance(scaled, ScaledCounts)
    expected = by_hand(counts_ng, total_n, scale)
    np.testing.assert_allclose(scaled.dense(), expected, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 1.0]))
def test_serving_scales_as_training_does(seed: int, depth: float) -> None:
    """Tensors, in full or sparse, give the values that numpy gives, to float32's rounding."""
    counts_ng, total_n, scale = example(seed, depth)
    expected = scale.sparse(sparse.csr_matrix(counts_ng), total_n).dense()
    served, totals = front_of(scale), torch.from_numpy(total_n.astype(np.float32))
    full_ng = served(torch.from_numpy(counts_ng), totals)
    np.testing.assert_allclose(full_ng.numpy(), expected, atol=1e-5)
    rows = served.sparse(sparse.csr_matrix(counts_ng), totals, missing_g=np.zeros(12, dtype=bool))
    few_ng = rows if isinstance(rows, torch.Tensor) else rows.dense()
    np.testing.assert_allclose(few_ng.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("target_sum", [1e4, 1e6])
def test_log_normalise_is_by_hand(target_sum: float) -> None:
    """Counts become log1p of the counts per target; the input stays."""
    counts_ng, total_n, _ = example(0, 1.0)
    matrix = sparse.csr_matrix(counts_ng)
    x = log_normalise(matrix, total_n, target_sum=target_sum).toarray()
    divisor = np.where(total_n > 0, total_n, 1)[:, None]
    np.testing.assert_allclose(x, np.log1p(counts_ng * target_sum / divisor), atol=1e-12)
    np.testing.assert_array_equal(matrix.toarray(), counts_ng)
