"""Turns an AnnData, in memory or on disk, into what its values and names are."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from scbaseline.data.blocks import row_blocks, share_of_blocks
from scbaseline.data.kept import KeptGenes
from scbaseline.data.names import Names, examine_names
from scbaseline.data.shared_values import examine_shared_values
from scbaseline.data.sources import Source, sources_beside_x
from scbaseline.data.values import Values, no_values
from scbaseline.ranks import ALONE, Ranks

FEW_GENES = 5_000
"""No whole transcriptome has fewer genes."""

_LOW_TOTAL = 1_000  # counts per cell; a whole transcriptome gives more, some genes of it fewer
_TOTALS = (
    "n_counts", "total_counts", "nCount_RNA", "n_umi", "n_umis", "nUMI", "n_UMIs", "nUMIs",
    "total_umis", "sum", "n_molecules",
)  # fmt: skip
_FULL_SHARE = 0.95  # of a cell's total; genes seen in no or few cells are often left out


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found in an input; the sentences are in :mod:`scbaseline.data.findings`.

    Attributes
    ----------
    n_genes
        Rows of the file that are genes.
    values
        What X holds.
    names
        What genes and cells are called.
    n_empty
        Cells without a count.
    elsewhere
        Layers and raw that hold counts, the best first: all where X holds none, else those
        that are better than X, or of more genes.
    totals
        The column of obs that seems to hold each cell's total over all genes, or ``""``.
    selected
        How it is known that X holds only some genes of each cell: by larger totals in
        obs, by their number and their sums, or not at all.
    """

    n_cells: int
    n_genes: int
    values: Values
    names: Names
    n_empty: int
    elsewhere: tuple[Source, ...]
    totals: str
    selected: Literal["", "totals", "few genes"]


def examine(
    adata: AnnData,
    *,
    x: Any = None,
    ranks: Ranks = ALONE,
    kept: KeptGenes | None = None,
    only_x: bool = False,
) -> Diagnosis:
    """Look at every value and every name of an input once, in blocks of cells.

    Parameters
    ----------
    adata
        Cells × genes, in memory, backed, or with matrices on disk as
        :func:`~scbaseline.data.read.open_counts` gives them.
    x
        X, where the caller has it in a better form already.
    ranks
        Those that share the values; each looks at its own share of the cells.
    kept
        Keeps the counts of a model's genes as they pass.
    only_x
        Where X can be used, do not look for better counts beside it.

    Raises
    ------
    InputError
        X holds no numbers, or is damaged.
    """
    x = adata.X if x is None else x
    names = examine_names(adata.obs_names, adata.var)
    values = no_values(adata.n_obs)
    if x is not None:
        own = share_of_blocks(x, ranks)
        blocks = row_blocks(x, own)
        passing = blocks if kept is None else kept.passing(blocks, names.naming)
        values = examine_shared_values(passing, ranks, again=lambda: row_blocks(x, own))
    counts_n = values.sums_n
    totals = ""
    if values.recovery is not None:
        totals = _totals_before_normalisation(adata.obs, values)
        if totals:
            recovery = values.recovery.with_totals(_numbers(adata.obs[totals]))
            values = replace(values, recovery=recovery)
        counts_n = _recovered_sums(values)
    if not totals:
        totals = _totals_over_all_genes(adata.obs, counts_n)
    return Diagnosis(
        n_cells=adata.n_obs,
        n_genes=len(names.naming.var),
        values=values,
        names=names,
        n_empty=0 if x is None else int((values.n_genes_n == 0).sum()),
        elsewhere=()
        if only_x and values.can_be_used
        else sources_beside_x(adata, x=None if x is None else values),
        totals=totals,
        selected=_selected(adata, values, counts_n, totals),
    )


def _totals_before_normalisation(obs: pd.DataFrame, values: Values) -> str:
    recovery = values.recovery
    if recovery is None:
        return ""
    for column in _candidates(obs):
        totals_n = _numbers(obs[column])
        changed = recovery.with_totals(totals_n)
        sums_n = _recovered_sums(replace(values, recovery=changed))
        worth_n = changed.unit_n * totals_n
        filled = values.n_genes_n > 0
        if not filled.any() or not np.all(totals_n[filled] >= sums_n[filled] * (1 - 1e-6)):
            continue
        # With the true totals, value ÷ count × total is the same number (the target) in every cell.
        if np.ptp(worth_n[filled]) <= 1e-3 * np.median(worth_n[filled]):
            return column
    return ""


def _totals_over_all_genes(obs: pd.DataFrame, counts_n: npt.NDArray[np.float64]) -> str:
    filled = counts_n > 0
    if not filled.any():
        return ""
    for column in _candidates(obs):
        totals_n = _numbers(obs[column])
        if np.all(totals_n[filled] >= counts_n[filled] * (1 - 1e-6)):
            return column
    return ""


def _candidates(obs: pd.DataFrame) -> list[str]:
    return [
        name
        for name in _TOTALS
        if name in obs
        and pd.api.types.is_numeric_dtype(obs[name])
        and not pd.api.types.is_bool_dtype(obs[name])
    ]


def _numbers(column: "pd.Series") -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _recovered_sums(values: Values) -> npt.NDArray[np.float64]:
    recovery = values.recovery
    if recovery is None or values.undone_sums_n is None:
        return values.sums_n
    return np.rint(values.undone_sums_n / recovery.unit_n)


def _selected(
    adata: AnnData, values: Values, counts_n: npt.NDArray[np.float64], totals: str
) -> Literal["", "totals", "few genes"]:
    filled = counts_n > 0
    if not filled.any():
        return ""
    if totals:
        share = np.median(counts_n[filled] / _numbers(adata.obs[totals])[filled])
        return "totals" if share < _FULL_SHARE else ""
    is_count = values.recovery is not None or values.kind in ("counts", "fractional")
    few = adata.n_vars < FEW_GENES
    return "few genes" if few and is_count and np.median(counts_n[filled]) < _LOW_TOTAL else ""
