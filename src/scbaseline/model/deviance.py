"""Counts of cells and a profile in; how much worse than by chance the profile fits, out.

The deviance of a cell grows with its depth even where the profile is true. So the value that
sampling alone gives at the cell's own depth is subtracted.
"""

import torch
from torch import Tensor

_LOG_MEAN = (-5.0, 3.0, 81)  # log10 of the expected counts of one gene in one cell
_LOG_DEPTH = (0.5, 5.5, 24)  # log10 of a cell's total
_MOST_COUNTS = 2000


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


def excess_deviance(
    counts_ng: Tensor, codes_n: Tensor, share_kg: Tensor, tables: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return each cell's deviance beyond expectation per count, and its sampling error.

    Parameters
    ----------
    counts_ng
        Raw counts, cells × genes; the genes that were measured.
    codes_n
        The label whose profile is to explain each cell.
    share_kg
        The profiles, labels × genes; rows sum to 1.
    tables
        As :func:`moment_tables` gives them.
    """
    total_n = counts_ng.sum(dim=1)
    # Sum of x log(x / (total × share)), without an n × k × g tensor.
    explained_n = (counts_ng @ share_kg.log().T).gather(1, codes_n[:, None]).squeeze(1)
    own_n = torch.xlogy(counts_ng, counts_ng).sum(dim=1)
    deviance_n = 2 * (own_n - explained_n - torch.xlogy(total_n, total_n))
    total_n = total_n.clamp(min=1)
    mean_n, variance_n = _expected(share_kg, codes_n, total_n, tables)
    return (deviance_n - mean_n) / total_n, variance_n.sqrt() / total_n


def _expected(
    share_kg: Tensor, codes_n: Tensor, total_n: Tensor, tables: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the deviance if the counts came from the profile.

    They depend on the label and the depth alone, so a few depths serve all cells.
    """
    low, high, steps = _LOG_DEPTH
    depth_d = torch.logspace(low, high, steps)
    left_n, part_n = _place(total_n.log10(), low, high, steps)
    moments = []
    for table in tables:
        rows = [_lookup(share_kg * depth, table).sum(dim=1) for depth in depth_d]
        of_depth_kd = torch.stack(rows, dim=1)
        left, right = of_depth_kd[codes_n, left_n], of_depth_kd[codes_n, left_n + 1]
        moments.append(left * (1 - part_n) + right * part_n)
    return moments[0], moments[1]


def _lookup(mean: Tensor, table_j: Tensor) -> Tensor:
    low, high, steps = _LOG_MEAN
    left, part = _place(mean.clamp(min=10**low).log10(), low, high, steps)
    return table_j[left] * (1 - part) + table_j[left + 1] * part


def _place(x: Tensor, low: float, high: float, steps: int) -> tuple[Tensor, Tensor]:
    """Return the grid point below each value, and how far the value is on the way to the next."""
    position = ((x - low) / (high - low) * (steps - 1)).clamp(0, steps - 1.001)
    left = position.long()
    return left, position - left
