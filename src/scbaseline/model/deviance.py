"""Counts of cells and a profile in; how much worse than by chance the profile fits, out.

The deviance of a cell grows with its depth even where the profile is true. So the value that
sampling alone gives at the cell's own depth is subtracted.
"""

from typing import NamedTuple, Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from scbaseline.learn.sparse import of_each_value, row_sums

_LOG_MEAN = (-5.0, 3.0, 81)  # log10 of the expected counts of one gene in one cell
_LOG_DEPTH = (0.5, 5.5, 24)  # log10 of a cell's total
_MOST_COUNTS = 2000
_TINY = 1e-30


def moment_tables() -> tuple[Tensor, Tensor]:
    """Return mean and variance of a gene's deviance, for a grid of expected counts.

    The deviance of a Poisson count x is 2 x log(x / mean) - 2 (x - mean).
    """
    mean_j1 = torch.logspace(*_LOG_MEAN, dtype=torch.float64)[:, None]
    x = torch.arange(0, _MOST_COUNTS, dtype=torch.float64)
    p = (torch.xlogy(x, mean_j1) - mean_j1 - torch.lgamma(x + 1)).exp()
    unit = 2 * (torch.xlogy(x, x / mean_j1) - (x - mean_j1))
    mean_j = (p * unit).sum(1)
    return mean_j.float(), ((p * unit.square()).sum(1) - mean_j.square()).float()


class Expected(NamedTuple):
    """What profiles let one expect of the counts of any cell.

    Attributes
    ----------
    log_kg
        The log of each gene's share; 0 where a gene was not measured.
    moments_mkd
        Mean and variance of the deviance of counts that come from the profile, for a few
        depths: they depend on the label and the depth alone.
    """

    log_kg: Tensor
    moments_mkd: Tensor

    @classmethod
    def of(cls, share_kg: Tensor, tables: tuple[Tensor, Tensor]) -> Self:
        """Return what profiles let one expect.

        Parameters
        ----------
        share_kg
            The profiles, labels × genes; rows sum to 1. 0 where a gene was not measured.
        tables
            As :func:`moment_tables` gives them.
        """
        log_kg = torch.where(share_kg > 0, share_kg, 1.0).log().double()
        rows = [_lookup(share_kg * 10**x, tables) for x in np.linspace(*_LOG_DEPTH)]
        return cls(log_kg, torch.stack(rows, dim=2))


def excess_deviance(
    counts_ng: Tensor, codes_n: Tensor, expected: Expected
) -> tuple[Tensor, Tensor]:
    """Return each cell's deviance beyond expectation per count, and its sampling error.

    Parameters
    ----------
    counts_ng
        Raw counts, cells × genes; 0 where a gene was not measured.
    codes_n
        The label whose profile is to explain each cell.
    expected
        What the profiles let one expect.
    """
    total_n = counts_ng.sum(dim=1, dtype=torch.float64)
    # Sum of x log(x / (total × share)), without an n × k × g tensor. In float64, since what is
    # left of these sums is a hundredth of them.
    explained_nk = counts_ng.double() @ expected.log_kg.T
    explained_n = explained_nk.gather(1, codes_n[:, None]).squeeze(1)
    own_n = _x_log_x(counts_ng).sum(dim=1, dtype=torch.float64)
    return _beyond(own_n - explained_n, total_n, codes_n, expected)


def excess_deviance_of_csr(
    counts_ng: sparse.csr_matrix, codes_n: Tensor, expected: Expected
) -> tuple[Tensor, Tensor]:
    """Return the same as :func:`excess_deviance` for counts in CSR, from their non-zeros."""
    counts, n_genes = torch.from_numpy(counts_ng.data), counts_ng.shape[1]
    row_n = (codes_n * n_genes).int()
    place = of_each_value(row_n, counts_ng.indptr) + torch.from_numpy(counts_ng.indices)
    explained = counts.double() * expected.log_kg.flatten().index_select(0, place)
    unexplained_n = row_sums(_x_log_x(counts).double() - explained, counts_ng.indptr)
    return _beyond(unexplained_n, row_sums(counts, counts_ng.indptr), codes_n, expected)


def _beyond(
    unexplained_n: Tensor, total_n: Tensor, codes_n: Tensor, expected: Expected
) -> tuple[Tensor, Tensor]:
    """Return what is left of deviances beyond expectation per count, and its sampling error."""
    deviance_n = 2 * (unexplained_n - _x_log_x(total_n))
    total_n = total_n.clamp(min=1)
    left_n, part_n = _place(total_n.log10(), *_LOG_DEPTH)
    moments_mkd = expected.moments_mkd
    left, right = moments_mkd[:, codes_n, left_n], moments_mkd[:, codes_n, left_n + 1]
    mean_n, variance_n = left * (1 - part_n) + right * part_n
    return ((deviance_n - mean_n) / total_n).float(), (variance_n.sqrt() / total_n).float()


def _x_log_x(x: Tensor) -> Tensor:
    """Return x log(x), and 0 for 0; torch's own has no name in ONNX."""
    return x.clamp(min=_TINY).log().mul_(x)


def _lookup(mean_kg: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """Return the moments of expected counts, summed over genes; moments × labels."""
    low, high, steps = _LOG_MEAN
    left, part = _place(mean_kg.clamp(min=10**low).log10(), low, high, steps)
    part, here = torch.where(mean_kg > 0, part, 0.0), (mean_kg > 0).to(part.dtype)
    moments = [(t[left] * (here - part) + t[left + 1] * part).sum(dim=1) for t in tables]
    return torch.stack(moments)


def _place(x: Tensor, low: float, high: float, steps: int) -> tuple[Tensor, Tensor]:
    """Return the grid point below each value, and how far the value is on the way to the next."""
    position = ((x - low) / (high - low) * (steps - 1)).clamp(0.0, steps - 1.001)
    left = position.long()
    return left, position - left
