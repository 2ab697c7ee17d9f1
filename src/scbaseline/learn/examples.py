"""What a recipe learns from, and what it hands back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scbaseline.learn.curve import TrainingCurve
from scbaseline.ranks import ALONE, Ranks, share_of
from scbaseline.scale import ScaledCounts

if TYPE_CHECKING:
    from scipy import sparse
    from torch import nn

    from scbaseline.learn.checkpoint import Checkpoint

Features: TypeAlias = "NDArray[np.float32] | ScaledCounts | sparse.csr_matrix"
"""Features in full, cells × features; scaled counts; or raw counts in CSR, cells × genes."""


@dataclass(frozen=True)
class Examples:
    """Cells to learn from or to judge by.

    Attributes
    ----------
    x
        Features, cells × features; scaled counts; or raw counts, cells × genes.
    codes_n
        Label code per cell, 0 … k − 1.
    """

    x: Features
    codes_n: NDArray[np.int64]

    def rows(self, rows: NDArray[np.int64]) -> "Examples":
        """Return some of the cells."""
        return Examples(rows_of(self.x, rows), self.codes_n[rows])

    def share(self, ranks: Ranks) -> "Examples":
        """Return a rank's share of the cells."""
        if ranks.size == 1:
            return self
        return self.rows(np.arange(len(self.codes_n))[share_of(len(self.codes_n), ranks)])


def rows_of(x: Features, rows: NDArray[np.int64]) -> Features:
    """Return the features of some of the cells."""
    if isinstance(x, ScaledCounts):
        return replace(x, difference_ng=x.difference_ng[rows])
    return x[rows]


@dataclass(frozen=True)
class TrainingCells:
    """The cells to learn from.

    Attributes
    ----------
    sample
        All training cells, or as many of them as memory is to hold. Simple recipes learn from
        these alone, and the training curve is drawn on them.
    passes
        Starts a pass over all training cells: blocks of them in an order that is random
        already, and another one each time. ``None`` where the sample is all of them.
    ranks
        Those that share the training; the passes are then over the own share of the cells,
        and the sample is the same on all ranks.
    order
        Draws the order of the passes; a training that goes on sets its state.
    checkpoint
        Where a network's training is kept from epoch to epoch.
    """

    sample: Examples
    passes: Callable[[], Iterable[Examples]] | None = None
    ranks: Ranks = ALONE
    order: np.random.Generator | None = None
    checkpoint: "Checkpoint | None" = None


@dataclass(frozen=True)
class Learnt:
    """What a recipe made of the training cells.

    Attributes
    ----------
    module
        Features → logits, on the CPU, in evaluation mode.
    curve
        How its training went; ``None`` where there were no epochs.
    """

    module: "nn.Module"
    curve: TrainingCurve | None = None
