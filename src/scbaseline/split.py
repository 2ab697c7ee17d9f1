"""The split: labels in; for every cell, the part that it plays."""

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
    for code in np.unique(codes_n[codes_n >= 0]):
        rows = rng.permutation(np.flatnonzero(codes_n == code))
        if len(rows) < 3:
            raise InputError(
                f"split: a label has {len(rows)} cells; one each to train, validate and test on "
                "is the least; raise --min-cells-per-label"
            )
        n_test = min(max(1, round(config.test_fraction * len(rows))), len(rows) - 2)
        n_validation = min(
            max(1, round(config.validation_fraction * len(rows))), len(rows) - n_test - 1
        )
        part_n[rows[:n_test]] = TEST
        part_n[rows[n_test : n_test + n_validation]] = VALIDATION
        part_n[rows[n_test + n_validation :]] = TRAINING
    return Split(part_n)
