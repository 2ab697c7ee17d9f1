"""Turns an input, in memory or on disk, into checked counts block by block.

What :func:`~scbaseline.data.check.check_counts` does for an input that fits in memory, this
does for one of any size: one pass over all rows to know what they are, then blocks.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.counts import Counts
from scbaseline.data.blocks import row_blocks, rows_together, share_of_blocks
from scbaseline.data.check import (
    caveats_of,
    notes_of,
    require_usable,
    totals_of,
    warn_of_cells_of_one_name,
)
from scbaseline.data.doctor import Diagnosis, examine
from scbaseline.data.fingerprint import fingerprint_of_blocks
from scbaseline.data.genes import GeneAlignment, align_genes, aligned_counts
from scbaseline.data.kept import KeptGenes
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.provenance import provenance_of
from scbaseline.data.rows import Rows, row_reader
from scbaseline.data.writable import require_one_of_each
from scbaseline.errors import InputError, ScbaselineWarning
from scbaseline.ranks import ALONE, Ranks


class ModelBlock(NamedTuple):
    """Adjacent cells with the counts of a model's genes alone.

    Attributes
    ----------
    rows
        Which cells they are.
    counts_ng
        Counts of the model's genes in its order, zeros where one was not measured, CSR.
    total_n
        Each cell's total.
    empty_n
        Which cells have no count of any gene.
    """

    rows: slice
    counts_ng: "sparse.csr_matrix"
    total_n: NDArray[np.float64]
    empty_n: NDArray[np.bool_]


@dataclass(frozen=True)
class CountStream:
    """Checked counts that are taken block by block.

    Attributes
    ----------
    cell_ids, obs
        The cells, and what is known of them.
    var
        The genes: unique symbols as index, Ensembl ids in ``gene_ids`` where known.
    notes
        What was done to the input, and what weakens it.
    caveats
        Those of them that a user must hear: what was left out, or cannot be used.
    total_key
        The column of obs with each cell's total, or ``""``.
    """

    cell_ids: pd.Index
    obs: pd.DataFrame
    var: pd.DataFrame
    notes: tuple[str, ...]
    caveats: tuple[str, ...]
    total_key: str
    _matrix: Any
    _is_gene: NDArray[np.bool_]
    _diagnosis: Diagnosis
    _ranks: Ranks = ALONE
    _kept: KeptGenes | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""
        return len(self.cell_ids), len(self.var)

    def warn_of_caveats(self) -> None:
        """Warn of what was left out, or cannot be used, on behalf of a caller in Python."""
        for caveat in self.caveats:
            warnings.warn(caveat, ScbaselineWarning, stacklevel=3)

    @property
    def ranks(self) -> Ranks:
        """Those that share the cells."""
        return self._ranks

    @property
    def own(self) -> slice:
        """The own share of the cells: all of them, unless ranks share them."""
        return share_of_blocks(self._matrix, self._ranks)

    @property
    def together(self) -> int:
        """Of how many cells a multiple is where shares begin; blocks are not joined beyond it."""
        return rows_together(self._matrix)

    def alone(self) -> "CountStream":
        """Return the same cells, shared with nobody."""
        return replace(self, _ranks=ALONE, _kept=None)

    def blocks(
        self, first: int = 0, last: int | None = None
    ) -> "Iterator[tuple[slice, sparse.csr_matrix, NDArray[np.float64]]]":
        """Yield rows from ``first`` on, counts (cells × genes, CSR float32) and totals.

        A matrix that is compressed by columns on disk is read whole.

        Parameters
        ----------
        first, last
            The first cell, and the one behind the last; by default all cells, of all ranks.
        """
        if first >= (self.shape[0] if last is None else last):
            return
        for start, values in row_blocks(self._matrix, slice(first, last)):
            counts_ng = self._counts(start, values)
            rows = slice(start, start + counts_ng.shape[0])
            sums_n = self._known_sums_n
            sums_n = _sums(counts_ng) if sums_n is None else sums_n[rows]
            yield rows, counts_ng, totals_of(self.obs.iloc[rows], self.total_key, sums_n)

    def alignment(self, symbols: Sequence[str], ids: Sequence[str]) -> GeneAlignment:
        """Return where a model's genes stand; see :func:`~scbaseline.data.genes.align_genes`."""
        kept = self._kept
        if (
            kept is not None
            and kept.found is not None
            and (symbols, ids) == (kept.symbols, kept.ids)
        ):
            return kept.found
        return align_genes(symbols, ids, self.var)

    def model_blocks(self, found: GeneAlignment) -> Iterator[ModelBlock]:
        """Yield the counts of a model's genes in the own cells, block by block.

        They come from memory, as far as the check kept them.

        Parameters
        ----------
        found
            As :meth:`alignment` gives it.
        """
        start, kept, sums_n = self.own.start, self._kept, self._known_sums_n
        if kept is not None and kept.found is found and sums_n is not None:
            n_genes_n = self._diagnosis.values.n_genes_n
            for counts_ng in kept.blocks:
                rows = slice(start, start + counts_ng.shape[0])
                total_n = totals_of(self.obs.iloc[rows], self.total_key, sums_n[rows])
                yield ModelBlock(rows, counts_ng, total_n, n_genes_n[rows] == 0)
                start = rows.stop
        for rows, counts_ng, total_n in self.blocks(start, self.own.stop):
            empty_n = np.diff(counts_ng.indptr) == 0
            yield ModelBlock(rows, aligned_counts(counts_ng, found), total_n, empty_n)

    def read(self, start: int, stop: int) -> "sparse.csr_matrix":
        """Return the counts of adjacent cells: cells × genes, CSR float32.

        Raises
        ------
        InputError
            The matrix is on disk and compressed by columns, so that rows lie apart.
        """
        return self._counts(start, canonical_csr(self._rows(start, stop)))

    def counts(self) -> Counts:
        """Return the counts of all cells, to be read from where they are when needed.

        Each cell's total is the sum that the check took. Where counts were recovered, or the
        matrix holds other features than genes, another pass takes the sums.

        Raises
        ------
        InputError
            As :meth:`read`.
        """
        self.read(0, 1)  # whether rows can be read at all is said at once
        sums_n = self._known_sums_n
        if sums_n is None:
            blocks = row_blocks(self._matrix, self.own)
            own_n = [_sums(self._counts(start, values)) for start, values in blocks]
            sums_n = self._ranks.gather(np.concatenate([np.zeros(0), *own_n]))
        return Counts.on_disk(self, totals_of(self.obs, self.total_key, sums_n))

    def fingerprint(self) -> str:
        """Return the checked counts' :func:`~scbaseline.data.fingerprint.fingerprint`.

        It passes over all cells three times.
        """
        n_genes_n = np.concatenate([np.diff(counts_ng.indptr) for _, counts_ng, _ in self.blocks()])
        return fingerprint_of_blocks(
            lambda: (counts_ng for _, counts_ng, _ in self.blocks()), n_genes_n, self.var
        )

    @cached_property
    def _rows(self) -> Rows:
        matrix = self._matrix
        if sparse.issparse(matrix):
            return row_reader(canonical_csr(matrix))
        if getattr(matrix, "format", None) == "csc":
            raise InputError(
                "X is compressed by columns, so the cells of a file lie apart; "
                "write it with X compressed by rows (adata.X = adata.X.tocsr())"
            )
        return row_reader(matrix)

    @property
    def _known_sums_n(self) -> NDArray[np.float64] | None:
        """Each cell's sum as the check took it; ``None`` where it is not that of the counts."""
        values = self._diagnosis.values
        return values.sums_n if values.recovery is None and self._is_gene.all() else None

    def _counts(
        self, start: int, values: "sparse.csr_matrix[np.float32]"
    ) -> "sparse.csr_matrix[np.float32]":
        recovery = self._diagnosis.values.recovery
        counts = values if recovery is None else recovery.counts(values, start=start)
        return counts if self._is_gene.all() else counts[:, self._is_gene]


def stream_counts(
    adata: AnnData,
    *,
    total_key: str | None = None,
    ranks: Ranks = ALONE,
    model_genes: tuple[Sequence[str], Sequence[str]] | None = None,
) -> CountStream:
    """Look at every row once, refuse what cannot be used, and hand back a stream of counts.

    Parameters
    ----------
    adata
        Cells × genes, in memory, or as :func:`~scbaseline.data.read.open_counts` gives it.
    total_key
        Column of obs that holds each cell's total over all genes; by default the one that
        the provenance names, else the sums over the genes.
    ranks
        Those that share the look at every row.
    model_genes
        Symbols and ids of the genes of the model that is to predict: their counts are kept
        in this look, up to 256 MiB, so that they need not be read again.

    Raises
    ------
    InputError
        As :func:`~scbaseline.data.check.check_counts`.
    """
    provenance = provenance_of(adata)
    try:
        require_one_of_each(adata.obs, what="obs")
        require_one_of_each(adata.var, what="var")
        kept = None if model_genes is None else KeptGenes(*model_genes)
        diagnosis = examine(adata, ranks=ranks, kept=kept, only_x=True)
        require_usable(diagnosis, adata, allow_fractional=provenance.allow_fractional)
    except InputError as error:
        raise InputError(f"{provenance.name}: {error}") from error
    if total_key is None and provenance.total_key in adata.obs:
        total_key = provenance.total_key
    warn_of_cells_of_one_name(diagnosis)
    naming = diagnosis.names.naming
    notes = dict.fromkeys([*provenance.notes, *notes_of(diagnosis, total_key)])
    return CountStream(
        cell_ids=adata.obs_names.astype(str),
        obs=adata.obs,
        var=naming.var,
        notes=tuple(notes),
        caveats=tuple(caveats_of(diagnosis)),
        total_key=total_key or "",
        _matrix=adata.X,
        _is_gene=naming.is_gene,
        _diagnosis=diagnosis,
        _ranks=ranks,
        _kept=kept,
    )


def _sums(counts_ng: "sparse.csr_matrix") -> NDArray[np.float64]:
    return np.asarray(counts_ng @ np.ones(counts_ng.shape[1]), dtype=np.float64)
