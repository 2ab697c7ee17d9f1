"""Turns blocks of a matrix into a verdict on its values: counts, logarithms, or what else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from scbaseline.config import RunConfig
from scbaseline.data.recovery import LARGEST_LOG, SCALES, Attempt, Recovery

_Array = npt.NDArray[np.float64]

Kind = Literal[
    "counts",
    "fractional",
    "log1p",
    "log2",
    "normalised",
    "mixed",
    "scaled",
    "damaged",
    "zeros",
    "missing",
]

_WHOLE_SHARE = 0.01  # of values; by chance, one logarithm in a million is a whole number
_TELLING = 20  # values that a cell needs to be called whole or not on its own; cells, by totals
_MANY = 10_000  # values, of which some are above 1 in any counts of RNA
_LEFT_OUT = 0.05  # of the cells: those of fewest genes
_EXACT = 2.0**24
_SAME_TOTAL = 0.02  # spread of totals that are equal but for genes left out since

IMPOSSIBLE = 1e30
"""No scale makes counts of so large a value."""


@dataclass(frozen=True)
class BadValue:
    """The first value of its kind that no count can have, and where it stands."""

    what: str
    value: str
    cell: int
    gene: int


@dataclass(frozen=True, eq=False)
class Values:
    """What the values of a matrix are.

    Attributes
    ----------
    bad
        The first value that is no count, of the worst kind there is.
    sums_n, n_genes_n
        Each cell's sum, and its number of values that are not 0.
    target
        The total per cell that values were normalised to, where it is the same in all.
    recovery, undone_sums_n
        How exact counts are recovered, where they can be; and each cell's sum after the
        scale is undone, which is its total count times the value of one count.
    """

    kind: Kind
    bad: BadValue | None
    largest: float
    sums_n: _Array
    n_genes_n: npt.NDArray[np.int64]
    target: float | None = None
    recovery: Recovery | None = None
    undone_sums_n: _Array | None = None

    @property
    def can_be_used(self) -> bool:
        """Whether they are counts, or give the counts back."""
        return self.kind == "counts" or self.recovery is not None

    @property
    def is_binarised(self) -> bool:
        """Whether no value is above 1, among so many that this is not by chance."""
        return self.kind == "counts" and self.largest <= 1 and self.sums_n.sum() >= _MANY

    @property
    def min_genes(self) -> int | None:
        """A ``min_genes`` that most cells pass, where the usual one would leave few of them."""
        n_genes_n = self.n_genes_n[self.n_genes_n > 0]
        if not len(n_genes_n) or np.median(n_genes_n) >= RunConfig().min_genes:
            return None
        return int(np.quantile(n_genes_n, _LEFT_OUT))


def no_values(n_cells: int) -> Values:
    """Return what is known of a matrix that is not there."""
    return Values(
        "missing", None, 0.0, np.zeros(n_cells), n_genes_n=np.zeros(n_cells, dtype=np.int64)
    )


def examine_values(
    blocks: "Iterable[tuple[int, sparse.csr_matrix[np.float32]]]",
) -> Values:
    """Look at every value once.

    Parameters
    ----------
    blocks
        All cells in order, as :func:`~scbaseline.data.blocks.row_blocks` gives them.
    """
    return passed_over(blocks).verdict()


def passed_over(
    blocks: "Iterable[tuple[int, sparse.csr_matrix[np.float32]]]", after: "Pass | None" = None
) -> "Pass":
    """Return what there is to know before the verdict.

    Parameters
    ----------
    blocks
        As for :func:`examine_values`.
    after
        What is known of earlier cells: it goes on there.
    """
    seen = after or Pass()
    for start, block in blocks:
        seen.add(start, block)
    return seen


_BAD: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.bool_]]] = {
    "NaN": np.isnan,
    "infinite values": np.isinf,
    "negative values": lambda values: values < 0,
    "non-integers": lambda values: np.rint(values) != values,
}


class Pass:
    """What is known after a pass over some cells.

    Parameters
    ----------
    first, largest
        What is known of earlier cells: the first value of each bad kind, and the largest value.

    Attributes
    ----------
    skipped
        Whether there are values that no scale was tried on, since no fraction came before.
    sums, n_genes, n_whole, undone, attempts
        Of each cell, block by block; and the scales that are tried.
    """

    def __init__(self, first: dict[str, BadValue] | None = None, largest: float = 0.0) -> None:
        self.first, self.largest, self.skipped = dict(first or {}), largest, False
        self.sums: list[_Array] = []
        self.n_genes: list[npt.NDArray[np.int64]] = []
        self.n_whole: list[npt.NDArray[np.int64]] = []
        self.undone: dict[str, list[_Array]] = {name: [] for name in SCALES}
        self.attempts = [Attempt("log1p", plain=True), Attempt("log2", plain=True)]
        self.attempts += [Attempt(name, plain=False) for name in SCALES]
        self._rounded, self._is_whole = np.zeros(0, np.float32), np.zeros(0, bool)

    def add(self, start: int, block: "sparse.csr_matrix[np.float32]") -> None:
        """Look at the next cells."""
        values = block.data
        is_whole = self._whole(values)
        lowest, largest = values.min(initial=0), values.max(initial=0)
        plain = bool(is_whole.all()) and lowest >= 0 and largest < np.inf  # no NaN compares so
        for what, is_bad in () if plain else _BAD.items():
            if what in self.first:
                continue
            bad = is_bad(values)
            if bad.any():
                self.first[what] = _located(what, block, start, int(np.argmax(bad)))
        self.largest = max(self.largest, float(largest))
        self.sums.append(_sums_of_counts(block) if plain else _sums(values, block.indptr))
        n_genes_n = np.diff(block.indptr).astype(np.int64)
        self.n_genes.append(n_genes_n)
        self.n_whole.append(n_genes_n if plain else _sums(is_whole, block.indptr).astype(np.int64))
        self._undo(block)

    def _whole(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Say which values are whole numbers, in memory that the next block uses again."""
        n = len(values)
        if n > len(self._rounded):
            self._rounded, self._is_whole = np.empty(n, np.float32), np.empty(n, bool)
        np.rint(values, out=self._rounded[:n])
        return np.equal(self._rounded[:n], values, out=self._is_whole[:n])

    def _undo(self, block: "sparse.csr_matrix[np.float32]") -> None:
        """Try each scale on a block, from the first fraction on."""
        impossible = self.first.keys() - {"non-integers"} or self.largest > IMPOSSIBLE
        self.skipped = self.skipped or ("non-integers" not in self.first and block.nnz > 0)
        if "non-integers" not in self.first or impossible:
            for attempt in self.attempts:
                attempt.alive = attempt.alive and block.nnz == 0 and not impossible
                attempt.skip(block.shape[0])
            for name in SCALES:
                self.undone[name].append(np.zeros(block.shape[0]))
            return
        y = block.data.astype(np.float64)
        for name, scale in SCALES.items():
            if name != "normalised" and self.largest > LARGEST_LOG:
                x = np.full_like(y, np.nan)
            else:
                x = scale.inverse(y)
            self.undone[name].append(_sums(x, block.indptr))
            for attempt in self.attempts:
                if attempt.scale == name:
                    attempt.alive = attempt.alive and not np.isnan(x).any()
                    attempt.add(y, x, block.indptr.astype(np.int64))

    def verdict(self) -> Values:
        """Return what the values are."""
        sums_n = np.concatenate([*self.sums, np.zeros(0)])
        n_genes_n = np.concatenate([*self.n_genes, np.zeros(0, dtype=np.int64)])
        kind, recovery, target = self._kind(n_genes_n)
        bad = next((self.first[what] for what in _BAD if what in self.first), None)
        undone_n = np.concatenate(self.undone[recovery.scale]) if recovery else None
        return Values(kind, bad, self.largest, sums_n, n_genes_n, target, recovery, undone_n)

    def _kind(self, n_genes_n: npt.NDArray[np.int64]) -> tuple[Kind, Recovery | None, float | None]:
        if self.first.keys() & {"NaN", "infinite values"}:
            return "damaged", None, None
        if "negative values" in self.first:
            return "scaled", None, None
        if not n_genes_n.any():
            return "zeros", None, None
        if "non-integers" not in self.first:
            return "counts", None, None
        n_whole_n = np.concatenate(self.n_whole)
        targets = {
            name: _same_total(np.concatenate(self.undone[name])[n_genes_n > 0]) for name in SCALES
        }
        is_whole = n_whole_n.sum() > _WHOLE_SHARE * n_genes_n.sum()
        for attempt in self.attempts:
            found = attempt.outcome()
            # Without a logarithm, any fractions with a common divisor would do.
            if attempt.scale == "normalised" and (
                targets["normalised"] is None or np.count_nonzero(n_genes_n) < _TELLING
            ):
                continue
            if found is not None:
                kind: Kind = attempt.scale  # type: ignore[assignment]  # a name in SCALES
                return kind, found, None if attempt.plain else targets[attempt.scale]
        telling = n_genes_n >= _TELLING
        if np.any(telling & (n_whole_n == n_genes_n)) and np.any(telling & (n_whole_n == 0)):
            return "mixed", None, None
        if is_whole:
            return "fractional", None, None
        for name, target in targets.items():
            if target is not None:
                return name, None, target  # type: ignore[return-value]  # a name in SCALES
        return ("log1p" if self.largest <= LARGEST_LOG else "fractional"), None, None


def _located(
    what: str, block: "sparse.csr_matrix[np.float32]", start: int, position: int
) -> BadValue:
    cell = int(np.searchsorted(block.indptr, position, side="right")) - 1
    return BadValue(what, str(block.data[position]), start + cell, int(block.indices[position]))


def _sums(values: npt.NDArray[np.generic], indptr: npt.NDArray[np.int32]) -> _Array:
    """Return the sum of each row, in float64."""
    summed = np.zeros(len(indptr) - 1)
    filled = np.flatnonzero(np.diff(indptr))
    if len(filled):
        with np.errstate(invalid="ignore"):  # infinite values of both signs
            summed[filled] = np.add.reduceat(values.astype(np.float64), indptr[filled])
    return summed


def _sums_of_counts(block: "sparse.csr_matrix[np.float32]") -> _Array:
    """Return the sum of each row of whole numbers that are not negative.

    Up to 2^24, float32 holds each whole number, so that its sums are exact; if one goes
    beyond, so does the rounded sum.
    """
    summed = np.zeros(block.shape[0])
    filled = np.flatnonzero(np.diff(block.indptr))
    if len(filled):
        summed[filled] = np.add.reduceat(block.data, block.indptr[filled])
    return summed if summed.max(initial=0) < _EXACT else _sums(block.data, block.indptr)


def _same_total(totals_n: _Array) -> float | None:
    """Return the total that all cells share, or ``None``."""
    if len(totals_n) < 2 or not np.isfinite(totals_n).all():
        return None
    low, middle, high = np.quantile(totals_n, [0.01, 0.5, 0.99])
    if not middle > 0 or (high - low) > _SAME_TOTAL * middle:
        return None
    nearest = 10.0 ** round(float(np.log10(middle)))
    return nearest if abs(middle / nearest - 1) < _SAME_TOTAL else float(middle)
