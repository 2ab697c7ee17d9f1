"""Quality control: raw counts in, the cells worth keeping out, with the reason for each other.

Cells are judged by fixed thresholds on their own counts alone, so no cell's fate depends
on another and nothing here can leak. Rare genes are counted but not removed: that choice
belongs to the feature space, which makes it on the cells it is fitted on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.config import RunConfig
from scbaseline.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

# The 13 protein-coding genes of the human mitochondrial genome, by Ensembl id, for data
# whose genes have no symbols (Ensembl, GRCh38, chromosome MT).
_HUMAN_MT_IDS = frozenset(
    f"ENSG00000{number}"
    for number in (
        198695, 198712, 198727, 198763, 198786, 198804, 198840, 198886,
        198888, 198899, 198938, 212907, 228253,
    )
)  # fmt: skip


@dataclass(frozen=True)
class FilteredCells:
    """The cells that passed, and what became of the others.

    Attributes
    ----------
    adata
        The kept cells with all genes; ``X`` holds raw counts, ``obs`` the metrics.
    metrics
        One row per input cell: ``n_genes_by_counts``, ``total_counts``,
        ``pct_counts_mt`` (missing where no mitochondrial gene is known) and ``kept``.
    dropped
        Rule → number of cells that it dropped; the first rule that a cell fails counts.
    thresholds
        Metric → (lowest, highest) value that passes.
    n_mt_genes
        Number of mitochondrial genes that the names or ids tell.
    n_rare_genes
        Genes detected in at least one, but in fewer than ``min_cells`` of the kept cells.
    n_silent_genes
        Genes detected in none of the kept cells.
    """

    adata: "AnnData"
    metrics: pd.DataFrame
    dropped: dict[str, int]
    thresholds: dict[str, tuple[float, float]]
    n_mt_genes: int
    n_rare_genes: int
    n_silent_genes: int


Blocks = Iterable[tuple[slice, "sparse.csr_matrix", NDArray[np.float64]]]
"""Rows, their counts and their totals, for all cells in order."""


def filter_cells(
    adata: "AnnData", config: RunConfig, *, blocks: Blocks | None = None
) -> FilteredCells:
    """Keep the cells with enough genes and, if asked for, not too many mitochondrial counts.

    Parameters
    ----------
    adata
        Checked counts, cells × genes, as :func:`scbaseline.check_counts` returns them.
    config
        ``min_genes``, ``max_pct_counts_mt``, ``min_cells``.
    blocks
        The counts, where ``adata`` holds cells and genes only, since they are on disk. Then
        so does the result.

    Raises
    ------
    InputError
        No cell passes, or a mitochondrial threshold is asked for and no such gene is known.
    """
    if blocks is None:
        total_n = adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64)
        blocks = [(slice(0, adata.n_obs), adata.X, total_n)]
    is_mt = _mitochondrial(adata)
    if config.max_pct_counts_mt is not None and not is_mt.any():
        raise InputError(
            f"max_pct_counts_mt: {config.max_pct_counts_mt:g} was given, but no gene is named "
            f"MT-… (or mt-…; the first are {', '.join(adata.var_names[:3])}); "
            "leave --max-pct-counts-mt out"
        )
    # A cell without a count has no profile, even where the user sets min_genes to 0.
    min_genes = max(config.min_genes, 1)
    highest_pct = config.max_pct_counts_mt
    rules = {f"fewer than {min_genes} genes": 0}
    thresholds = {keys.N_GENES: (float(min_genes), float("inf"))}
    if highest_pct is not None:
        rules[f"over {highest_pct:g} % mitochondrial"] = 0
        thresholds[keys.PCT_MT] = (0.0, highest_pct)
    tables, n_cells_g = [], np.zeros(adata.n_vars, dtype=np.int64)
    for _, counts_ng, total_n in blocks:
        table = _measured(counts_ng, total_n, is_mt)
        fails = [table[keys.N_GENES] < min_genes]
        fails += [table[keys.PCT_MT] > highest_pct] if highest_pct is not None else []
        kept = np.ones(len(table), dtype=bool)
        for rule, failing in zip(rules, fails, strict=True):
            rules[rule] += int((kept & failing).sum())
            kept &= ~failing.to_numpy()
        n_cells_g += np.bincount(counts_ng[kept].indices, minlength=adata.n_vars)
        tables.append(table.assign(kept=kept))
    metrics = pd.concat(tables, ignore_index=True).set_axis(adata.obs_names)
    kept, dropped = metrics["kept"].to_numpy(), rules
    if not kept.any():
        raise InputError(
            f"no cell of {adata.n_obs:,} passes quality control "
            f"({'; '.join(f'{rule}: {n:,}' for rule, n in dropped.items())}); the median cell "
            f"has {metrics[keys.N_GENES].median():,.0f} genes; lower --min-genes"
            + (" or raise --max-pct-counts-mt" if len(rules) > 1 else "")
        )

    passing = adata[kept].copy()
    measured = [keys.N_GENES, keys.TOTAL_COUNTS, keys.PCT_MT]
    passing.obs = passing.obs.assign(**metrics.loc[kept, measured])
    return FilteredCells(
        adata=passing,
        metrics=metrics,
        dropped=dropped,
        thresholds=thresholds,
        n_mt_genes=int(is_mt.sum()),
        n_rare_genes=int(((n_cells_g > 0) & (n_cells_g < config.min_cells)).sum()),
        n_silent_genes=int((n_cells_g == 0).sum()),
    )


def _measured(
    counts_ng: "sparse.csr_matrix", total_n: NDArray[np.float64], is_mt: NDArray[np.bool_]
) -> pd.DataFrame:
    mt_n = np.asarray(counts_ng @ is_mt.astype(np.float64))
    pct_mt = 100 * np.divide(mt_n, total_n, out=np.zeros_like(mt_n), where=total_n > 0)
    return pd.DataFrame(
        {
            keys.N_GENES: np.diff(counts_ng.indptr),
            keys.TOTAL_COUNTS: total_n,
            keys.PCT_MT: pct_mt if is_mt.any() else np.nan,
        }
    )


def _mitochondrial(adata: "AnnData") -> NDArray[np.bool_]:
    by_name = np.asarray(adata.var_names.str.match(r"(?i)mt[-.]"), dtype=bool)
    ids = adata.var[keys.GENE_IDS] if keys.GENE_IDS in adata.var else adata.var_names.to_series()
    by_id = ids.astype(str).str.replace(r"\.\d+$", "", regex=True).isin(_HUMAN_MT_IDS)
    known: NDArray[np.bool_] = by_name | by_id.to_numpy(dtype=bool)
    return known
