"""Turns logarithms of normalised counts back into the counts, exactly, or not at all.

In a cell normalised by any factor, the smallest value stands for a small whole number of
counts, nearly always 1, and every other value for a multiple of the same unit. Where each
value of each cell is such a multiple, within what float32 can have rounded away, the counts
are known up to a factor that all counts of a cell share: normalisation cancels it, and a
column of totals reveals it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

_Array = npt.NDArray[np.float64]

LARGEST_LOG = 20.0
"""log2 of a million plus one: no logarithm of counts per million or fewer is larger."""

MAX_DISTANCE = 0.1
"""Where float32 leaves more doubt than this about a count, nothing is recovered: with counts
above some 20,000 in a cell."""

_LARGEST_SMALLEST = 8  # counts that the smallest value of a cell may stand for
_ENOUGH = 3  # values that fit by chance at 1e-5 each leave no doubt
# Of y = log1p(c·s) in float32, c·s has been rounded once and y twice; twice that is allowed.
_ROUNDING = 4 * 2.0**-24


@dataclass(frozen=True)
class Scale:
    """One way in which counts are commonly transformed.

    Attributes
    ----------
    inverse
        Undoes it, but for a factor per cell.
    slope
        By how much the inverse magnifies a relative error of its argument, at most.
    """

    title: str
    inverse: Callable[[_Array], _Array]
    slope: Callable[[_Array], _Array]


SCALES: dict[str, Scale] = {
    "log1p": Scale("log1p", np.expm1, lambda y: y + 1),
    "log2": Scale("log2(x + 1)", lambda y: np.expm1(y * np.log(2)), lambda y: y * np.log(2) + 1),
    "normalised": Scale("no logarithm", lambda y: y, np.ones_like),
}


@dataclass(frozen=True, eq=False)
class Recovery:
    """How counts come back from X.

    Attributes
    ----------
    scale
        A name in ``SCALES``.
    unit_n
        What one count of each cell is once the scale is undone; 1 for a cell without counts.
    worst
        The largest distance of a count from a whole number, before rounding.
    """

    scale: str
    unit_n: _Array
    worst: float

    def counts(
        self, x_ng: "sparse.csr_matrix[np.float32]", *, start: int = 0
    ) -> "sparse.csr_matrix[np.float32]":
        """Return the counts of a block of cells, of which the first is cell ``start``."""
        unit_n = self.unit_n[start : start + x_ng.shape[0]]
        counts_ng = x_ng.copy()
        values = SCALES[self.scale].inverse(x_ng.data.astype(np.float64))
        counts_ng.data = np.rint(values / np.repeat(unit_n, np.diff(x_ng.indptr))).astype(
            np.float32
        )
        return counts_ng

    def with_totals(self, totals_n: _Array) -> "Recovery":
        """Find the factor that all counts of a cell share, by its total before normalisation.

        One count becomes target / total. If a recovered unit is larger, it stands for several
        counts: that number is the factor.
        Totals that do not give whole factors are of something else, and change nothing.
        """
        worth_n = self.unit_n * totals_n
        known = np.isfinite(worth_n) & (worth_n > 0)
        if not known.any():
            return self
        factor_n = np.where(known, worth_n / np.median(worth_n[known]), 1.0)
        whole_n = np.rint(factor_n)
        if np.any(np.abs(factor_n - whole_n) > 1e-3) or np.any(whole_n < 1):
            return self
        return replace(self, unit_n=self.unit_n / whole_n)


@dataclass
class Attempt:
    """Tries to undo one scale, block by block, until a value contradicts it.

    Attributes
    ----------
    plain
        Whether the counts were not divided by anything before, so that the unit is 1.
    sums
        What the values of each cell sum to once the scale is undone, block by block.
    """

    scale: str
    plain: bool
    alive: bool = True
    evidence: int = 0
    worst: float = 0.0
    units: list[_Array] = field(default_factory=list)

    def add(self, y: _Array, x: _Array, indptr: npt.NDArray[np.int64]) -> None:
        """Look at a block: its values ``y``, and ``x``, of which the scale is undone."""
        if not self.alive:
            return
        unit_n = np.ones(len(indptr) - 1)
        filled = np.flatnonzero(np.diff(indptr))
        if len(filled):
            found = self._units(y, x, indptr[filled], np.diff(indptr)[filled])
            if found is None:
                self.alive = False
                return
            unit_n[filled] = found
        self.units.append(unit_n)

    def skip(self, n_cells: int) -> None:
        """Take note of cells without counts."""
        self.units.append(np.ones(n_cells))

    def outcome(self) -> Recovery | None:
        """Return how counts come back, where every value agreed and enough were seen."""
        if not self.alive or self.evidence < _ENOUGH:
            return None
        return Recovery(self.scale, np.concatenate(self.units), self.worst)

    def _units(
        self, y: _Array, x: _Array, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> _Array | None:
        slope = SCALES[self.scale].slope(y)
        if self.plain:
            smallest, ratio, error = np.ones(len(starts)), x, _ROUNDING * slope
        else:
            smallest = np.minimum.reduceat(x, starts)
            ratio = x / np.repeat(smallest, lengths)
            error = _ROUNDING * (slope + np.repeat(np.minimum.reduceat(slope, starts), lengths))
        n_counts = np.zeros(len(starts))
        for n in range(1, 2 if self.plain else _LARGEST_SMALLEST + 1):
            count = n * ratio
            distance = np.abs(count - np.rint(count))
            fits = (distance <= count * error) & (count * error <= MAX_DISTANCE)
            good = np.logical_and.reduceat(fits, starts) & (n_counts == 0)
            if not good.any():
                continue
            n_counts[good] = n
            of_good = np.repeat(good, lengths)
            self.worst = max(self.worst, float(distance[of_good].max()))
            # A cell's own smallest value fits whatever it is.
            told = of_good if self.plain else of_good & (np.rint(count) > n)
            self.evidence += int(told.sum())
            if n_counts.all():
                return smallest / n_counts
        return None
