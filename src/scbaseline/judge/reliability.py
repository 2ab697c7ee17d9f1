"""Reliability: confidences, and which predictions are right, in; bins that compare the two out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 15
"""At most as many bins, as in Guo et al."""

MIN_CELLS_PER_BIN = 10
"""No bin has fewer cells, unless there are fewer in all."""


@dataclass(frozen=True)
class Bins:
    """Cells in order of confidence, in bins of (nearly) equal size.

    Attributes
    ----------
    confidence_b
        Mean probability of the predicted label.
    right_b
        Share of cells whose prediction is right.
    n_b
        Number of cells.
    """

    confidence_b: NDArray[np.float64]
    right_b: NDArray[np.float64]
    n_b: NDArray[np.int64]

    @property
    def ece(self) -> float:
        """The expected calibration error: mean distance of the two, each cell counting once.

        It is biased upward in small samples: chance alone keeps the two apart, by about
        .04 on 500 cells that are right with the probability they claim (.9). It therefore
        has no interval here, and compares only between equal numbers of cells.

        References
        ----------
        Naeini et al., Obtaining well calibrated probabilities using Bayesian binning,
        AAAI 2015; Nixon et al., Measuring calibration in deep learning, CVPR workshops 2019
        (bins of equal size).
        """
        return float(np.average(np.abs(self.confidence_b - self.right_b), weights=self.n_b))


@dataclass(frozen=True)
class Reliability:
    """How often predictions are right at each level of confidence.

    Attributes
    ----------
    bins
        By the probabilities that a user gets.
    uncalibrated
        By those before the temperature; None where they are not at hand.
    """

    bins: Bins
    uncalibrated: Bins | None


def bin_confidences(confidence_n: NDArray[np.float64], right_n: NDArray[np.bool_]) -> Bins:
    """Put cells into bins of equal size by their confidence.

    Cells of equal confidence share a bin, so that the order of the cells changes nothing;
    a bin that this would leave with fewer than ``MIN_CELLS_PER_BIN`` cells is joined to its
    neighbour.

    Parameters
    ----------
    confidence_n
        Probability of the predicted label; one cell or more.
    right_n
        Whether the prediction is right.
    """
    order = np.argsort(confidence_n, kind="stable")
    confidence, right = confidence_n[order], right_n[order].astype(np.float64)
    n = len(confidence)
    n_bins = min(MAX_BINS, max(1, n // MIN_CELLS_PER_BIN))
    starts = [0]
    for even in np.arange(1, n_bins) * n // n_bins:
        cut = int(np.searchsorted(confidence, confidence[even - 1], side="right"))
        if min(cut - starts[-1], n - cut) >= MIN_CELLS_PER_BIN:
            starts.append(cut)
    n_b = np.diff([*starts, n])
    return Bins(
        confidence_b=np.add.reduceat(confidence, starts) / n_b,
        right_b=np.add.reduceat(right, starts) / n_b,
        n_b=n_b.astype(np.int64),
    )
