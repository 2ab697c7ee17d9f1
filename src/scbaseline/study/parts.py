"""A job's cells in; what each recipe sees of its training, validation and test cells, out."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.ahead import ahead
from scbaseline.cells.space import FeatureSpace
from scbaseline.counts import Counts
from scbaseline.learn.examples import Examples, Features, TrainingCells, rows_of
from scbaseline.learn.recipes import Recipe
from scbaseline.ranks import ALONE, Ranks, gathered_csr, share_of

if TYPE_CHECKING:
    from scbaseline.learn.checkpoint import Checkpoint


class Parts:
    """The features of a job's cells: all at once in memory, or in blocks from disk.

    Parameters
    ----------
    counts, codes_n
        Raw counts of all of the job's cells, and their label codes.
    space
        The features of highly variable genes.
    genes
        Rule → the genes that it chooses.
    chosen
        Rule → the counts of these genes alone, of all of the job's cells, where they are
        quicker to read; see :class:`~scbaseline.spill.Spill`. Where ranks share the cells,
        they are those of the own share.
    train, watched, test
        The rows of training, validation and test cells.
    most_in_memory
        Training cells, and validation cells, that memory holds where counts are on disk.
    rng
        Draws these, and the order of passes over the training cells.
    ranks
        Those that share the cells. What memory holds is the same on all of them.

    Attributes
    ----------
    space
        As given.
    sample, watched
        Rows of the training cells and of the validation cells that memory holds.
    notes
        What had to be left out, so that memory can hold the rest.
    """

    def __init__(
        self,
        counts: Counts,
        codes_n: NDArray[np.int64],
        space: FeatureSpace,
        genes: Mapping[str, NDArray[np.int64]],
        *,
        train: NDArray[np.int64],
        watched: NDArray[np.int64],
        test: NDArray[np.int64],
        most_in_memory: int,
        rng: np.random.Generator,
        chosen: Mapping[str, Counts] | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self._counts, self._codes_n, self.space, self._genes = counts, codes_n, space, genes
        self._chosen, self._ranks = chosen or {}, ranks
        self._train, self._test, self._rng, self._most = train, test, rng, most_in_memory
        self.sample, self.watched = (self._held(rows) for rows in (train, watched))
        self.notes = tuple(
            f"{what} {len(held):,} of the {len(rows):,} {part} cells, so that memory can hold them"
            for what, held, rows, part in (
                ("simple recipes learnt from", self.sample, train, "training"),
                ("networks were stopped and calibrated on", self.watched, watched, "validation"),
            )
            if len(held) < len(rows)
        )

    def genes(self, recipe: Recipe) -> NDArray[np.int64]:
        """Return a recipe's genes: columns of the input."""
        return self._genes[recipe.genes]

    def features(self, recipe: Recipe, rows: NDArray[np.int64]) -> Features:
        """Return what a recipe sees of some cells of all ranks, which memory must hold."""
        if self._counts.in_memory and recipe.input != "counts":
            return rows_of(self._all[recipe.input], rows)
        counts, genes_g = self._counts_of(recipe, rows)
        blocks = [block_ng for block_ng, _ in counts.blocks(genes_g)]
        counts_ng = sparse.vstack(blocks, format="csr") if len(blocks) > 1 else blocks[0]
        return self._seen(recipe, gathered_csr(counts_ng, self._ranks), self._counts.total_n[rows])

    def examples(self, recipe: Recipe, rows: NDArray[np.int64]) -> Examples:
        """Return the same with the cells' labels."""
        return Examples(self.features(recipe, rows), self._codes_n[rows])

    def training(self, recipe: Recipe, checkpoint: "Checkpoint | None" = None) -> TrainingCells:
        """Return the cells that a recipe learns from."""
        sample, passes = self.examples(recipe, self.sample), self.passes(recipe)
        return TrainingCells(sample, passes, self._ranks, order=self._rng, checkpoint=checkpoint)

    def passes(self, recipe: Recipe) -> Callable[[], Iterator[Examples]] | None:
        """Return what starts a pass over the own training cells; ``None``: memory holds all."""
        if self._counts.in_memory:
            return None
        counts, genes_g = self._counts_of(recipe, self._train)
        train = self._own(self._train)

        def blocks() -> Iterator[Examples]:
            for rows_n, counts_ng, total_n in counts.shuffled(self._rng, genes_g):
                codes_n = self._codes_n[train[rows_n]]
                yield Examples(self._seen(recipe, counts_ng, total_n), codes_n)

        return lambda: ahead(blocks())

    def test_features(self, recipe: Recipe) -> Iterator[Features]:
        """Yield what a recipe sees of the own test cells, in blocks that memory can hold."""
        if self._counts.in_memory:
            if len(self._test):
                yield self.features(recipe, self._test)
            return
        counts, genes_g = self._counts_of(recipe, self._test)
        for block in counts.blocks(genes_g):
            yield self._seen(recipe, *block)

    def _counts_of(
        self, recipe: Recipe, rows: NDArray[np.int64]
    ) -> tuple[Counts, NDArray[np.int64] | None]:
        """Return counts of some own cells, and which of their genes the recipe sees; None: all."""
        rows = self._own(rows)
        if recipe.genes in self._chosen:
            return self._chosen[recipe.genes].rows(rows - self._share.start), None
        return self._counts.rows(rows), self.genes(recipe)

    def _own(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some rising rows that are of the own share."""
        first, last = np.searchsorted(rows, [self._share.start, self._share.stop])
        return rows[first:last]

    @property
    def _share(self) -> slice:
        return share_of(self._counts.shape[0], self._ranks)

    @cached_property
    def _all(self) -> dict[str, Features]:
        scaled = self.space.scale(self._counts)
        return {"pca": self.space.project(scaled), "hvg": scaled}

    def _seen(
        self, recipe: Recipe, counts_ng: sparse.csr_matrix, total_n: NDArray[np.float64]
    ) -> Features:
        """Return what a recipe sees of raw counts of its genes."""
        if recipe.input == "counts":
            return counts_ng
        scaled = self.space.scale_chosen(counts_ng, total_n)
        return self.space.project(scaled) if recipe.input == "pca" else scaled

    def _held(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows, or as many at random as memory is to hold."""
        if self._counts.in_memory or len(rows) <= self._most:
            return rows
        return np.sort(self._rng.choice(rows, self._most, replace=False))
