"""Turns an input, in memory or on disk, into checked counts block by block.

What :func:`~scbaseline.data.check.check_counts` does for an input that fits in memory, this
does for one of any size: one pass over all rows to know what they are, then blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.data.blocks import row_blocks
from scbaseline.data.check import notes_of, require_usable, totals_of
from scbaseline.data.doctor import Diagnosis, examine
from scbaseline.data.fingerprint import fingerprint_of_blocks
from scbaseline.data.genes import name_genes, unique_names
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.names import gene_mask, with_dashes
from scbaseline.data.provenance import provenance_of
from scbaseline.data.rows import Rows, row_reader
from scbaseline.errors import InputError


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
    total_key
        The column of obs with each cell's total, or ``""``.
    """

    cell_ids: pd.Index
    obs: pd.DataFrame
    var: pd.DataFrame
    notes: tuple[str, ...]
    total_key: str
    _matrix: Any
    _is_gene: NDArray[np.bool_]
    _diagnosis: Diagnosis

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""
        return len(self.cell_ids), len(self.var)

    def blocks(self) -> "Iterator[tuple[slice, sparse.csr_matrix, NDArray[np.float64]]]":
        """Yield rows, their counts (cells × genes, CSR float32) and their totals."""
        for start, values in row_blocks(self._matrix):
            rows = slice(start, start + values.shape[0])
            yield rows, *self._counts(start, values)

    def read(self, start: int, stop: int) -> "tuple[sparse.csr_matrix, NDArray[np.float64]]":
        """Return counts (cells × genes, CSR float32) and totals of adjacent cells.

        Raises
        ------
        InputError
            The matrix is on disk and compressed by columns, so that rows lie apart.
        """
        return self._counts(start, canonical_csr(self._rows(start, stop)))

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

    def _counts(
        self, start: int, values: "sparse.csr_matrix[np.float32]"
    ) -> "tuple[sparse.csr_matrix, NDArray[np.float64]]":
        recovery = self._diagnosis.values.recovery
        counts = values if recovery is None else recovery.counts(values, start=start)
        counts_ng = counts if self._is_gene.all() else counts[:, self._is_gene]
        rows = slice(start, start + counts_ng.shape[0])
        if recovery is None and self._is_gene.all():
            sums_n = self._diagnosis.values.sums_n[rows]  # as the check saw them
        else:
            sums_n = np.asarray(counts_ng @ np.ones(counts_ng.shape[1]), dtype=np.float64)
        return counts_ng, totals_of(self.obs.iloc[rows], self.total_key, sums_n)


def stream_counts(adata: AnnData, *, total_key: str | None = None) -> CountStream:
    """Look at every row once, refuse what cannot be used, and hand back a stream of counts.

    Parameters
    ----------
    adata
        Cells × genes, in memory, or as :func:`~scbaseline.data.read.open_counts` gives it.
    total_key
        Column of obs that holds each cell's total over all genes; by default the one that
        the provenance names, else the sums over the genes.

    Raises
    ------
    InputError
        As :func:`~scbaseline.data.check.check_counts`.
    """
    provenance = provenance_of(adata)
    try:
        diagnosis = examine(adata)
        require_usable(diagnosis, adata, allow_fractional=provenance.allow_fractional)
    except InputError as error:
        raise InputError(f"{provenance.name}: {error}") from error
    if total_key is None and provenance.total_key in adata.obs:
        total_key = provenance.total_key
    is_gene = gene_mask(adata.var)
    var = name_genes(adata.var[is_gene])
    var.index = unique_names(with_dashes([str(name) for name in var.index]))
    notes = dict.fromkeys([*provenance.notes, *notes_of(diagnosis, total_key)])
    return CountStream(
        cell_ids=adata.obs_names.astype(str),
        obs=adata.obs,
        var=var,
        notes=tuple(notes),
        total_key=total_key or "",
        _matrix=adata.X,
        _is_gene=is_gene,
        _diagnosis=diagnosis,
    )
