"""The split: labels in; for every cell, the part that it plays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.errors import InputError

TRAINING, VALIDATION, TEST, LEFT_OUT = "train", "validation", "test", "left out"


@dataclass(frozen=True)
class Split:
    """Which cells train, which stop and calibrate, which test.

    Attributes
    ----------
    part_n
        ``"train"``, ``"validation"``, ``"test"``; ``"left out"`` for cells without a label.
    """

    part_n: NDArray[np.str_]

    def rows(self, *parts: str) -> NDArray[np.int64]:
        """Return the rows of the cells that play one of ``parts``, in order."""
        return np.flatnonzero(np.isin(self.part_n, parts))

    def without_validation(self) -> "Split":
        """Return the same split with the validation cells among the training cells."""
        return Split(np.where(self.part_n == VALIDATION, TRAINING, self.part_n))


def split_cells(codes_n: NDArray[np.int64], config: RunConfig) -> Split:
    """Deal each label's cells to test, validation and training, at random.

    The shares hold within each label, and every label has at least one cell in each part:
    a label that no test cell carries would have no figure, one that no training cell
    carries could not be learnt.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    config
        ``test_fraction``, ``validation_fraction``, ``seed``.

    Raises
    ------
    InputError
        A label has fewer than three cells.
    """
    rng = np.random.default_rng(config.seed)
    part_n = np.full(len(codes_n), LEFT_OUT, dtype="<U10")
    for rows in _by_label(codes_n, rng, at_least=3):
        n_test = min(max(1, round(config.test_fraction * len(rows))), len(rows) - 2)
        n_validation = round(config.validation_fraction * len(rows))
        _deal(part_n, rows, n_test=n_test, n_validation=n_validation)
    return Split(part_n)


def split_folds(codes_n: NDArray[np.int64], config: RunConfig) -> tuple[Split, ...]:
    """Deal each label's cells to folds, so that every cell is a test cell exactly once.

    In each fold, the other cells are dealt to validation and training as in
    :func:`split_cells`, with at least one of each label in both.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    config
        ``folds``, ``validation_fraction``, ``test_fraction``, ``seed``.

    Raises
    ------
    InputError
        A label has fewer than three cells.
    """
    rng = np.random.default_rng(config.seed)
    parts = [np.full(len(codes_n), LEFT_OUT, dtype="<U10") for _ in range(config.folds)]
    # Of the cells that are no test cells; the same share of them as in the main split.
    share = config.validation_fraction / (1 - config.test_fraction)
    for rows in _by_label(codes_n, rng, at_least=3):
        # The folds' order is drawn anew, so that small labels do not all fall into the first.
        fold_of = rng.permutation(config.folds)[np.arange(len(rows)) % config.folds]
        for fold, part_n in enumerate(parts):
            test, rest = rows[fold_of == fold], rng.permutation(rows[fold_of != fold])
            ordered = np.concatenate([test, rest])
            _deal(part_n, ordered, n_test=len(test), n_validation=round(share * len(rest)))
    return tuple(Split(part_n) for part_n in parts)


def split_without_test(codes_n: NDArray[np.int64], config: RunConfig) -> Split:
    """Deal each label's cells to validation and training only, for a model that is to be used.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    config
        ``validation_fraction``, ``seed``.

    Raises
    ------
    InputError
        A label has fewer than two cells.
    """
    rng = np.random.default_rng(config.seed)
    part_n = np.full(len(codes_n), LEFT_OUT, dtype="<U10")
    for rows in _by_label(codes_n, rng, at_least=2):
        n_validation = round(config.validation_fraction * len(rows))
        _deal(part_n, rows, n_test=0, n_validation=n_validation)
    return Split(part_n)


def _by_label(
    codes_n: NDArray[np.int64], rng: np.random.Generator, *, at_least: int
) -> Iterator[NDArray[np.int64]]:
    for code in np.unique(codes_n[codes_n >= 0]):
        rows = rng.permutation(np.flatnonzero(codes_n == code))
        if len(rows) < at_least:
            raise InputError(
                f"split: a label has {len(rows)} cells; one for each part is the least; "
                "raise --min-cells-per-label"
            )
        yield rows


def _deal(
    part_n: NDArray[np.str_], rows: NDArray[np.int64], *, n_test: int, n_validation: int
) -> None:
    """Give the first rows to test, the next to validation, the rest (one at least) to training."""
    n_validation = min(max(1, n_validation), len(rows) - n_test - 1)
    part_n[rows[:n_test]] = TEST
    part_n[rows[n_test : n_test + n_validation]] = VALIDATION
    part_n[rows[n_test + n_validation :]] = TRAINING
