"""Quality control: raw counts in, the cells worth keeping out, with the reason for each other.

Cells are judged by fixed thresholds on their own counts alone, so no cell's fate depends
on another and nothing here can leak. Rare genes are counted but not removed: that choice
belongs to the feature space, which makes it on the cells it is fitted on.
"""

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


def filter_cells(adata: "AnnData", config: RunConfig) -> FilteredCells:
    """Keep the cells with enough genes and, if asked for, not too many mitochondrial counts.

    Parameters
    ----------
    adata
        Checked counts, cells × genes, as :func:`scbaseline.check_counts` returns them.
    config
        ``min_genes``, ``max_pct_counts_mt``, ``min_cells``.

    Raises
    ------
    InputError
        No cell passes, or a mitochondrial threshold is asked for and no such gene is known.
    """
    counts = adata.X
    is_mt = _mitochondrial(adata)
    if config.max_pct_counts_mt is not None and not is_mt.any():
        raise InputError(
            f"max_pct_counts_mt: {config.max_pct_counts_mt:g} was given, but no gene is named "
            f"MT-… (or mt-…; the first are {', '.join(adata.var_names[:3])}); "
            "leave --max-pct-counts-mt out"
        )
    total_n = adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64)
    n_genes = np.diff(counts.indptr)
    mt_n = np.asarray(counts[:, is_mt].sum(axis=1), dtype=np.float64).ravel()
    pct_mt = (
        100 * np.divide(mt_n, total_n, out=np.zeros_like(mt_n), where=total_n > 0)
        if is_mt.any()
        else np.full(adata.n_obs, np.nan)
    )
    metrics = pd.DataFrame(
        {keys.N_GENES: n_genes, keys.TOTAL_COUNTS: total_n, keys.PCT_MT: pct_mt},
        index=adata.obs_names,
    )

    kept = np.ones(adata.n_obs, dtype=bool)
    dropped: dict[str, int] = {}
    # A cell without a count has no profile, even where the user sets min_genes to 0.
    min_genes = max(config.min_genes, 1)
    rules = {f"fewer than {min_genes} genes": n_genes < min_genes}
    thresholds = {keys.N_GENES: (float(min_genes), float("inf"))}
    if config.max_pct_counts_mt is not None:
        rules[f"over {config.max_pct_counts_mt:g} % mitochondrial"] = (
            pct_mt > config.max_pct_counts_mt
        )
        thresholds[keys.PCT_MT] = (0.0, config.max_pct_counts_mt)
    for rule, fails in rules.items():
        dropped[rule] = int((kept & fails).sum())
        kept &= ~fails
    metrics["kept"] = kept
    if not kept.any():
        raise InputError(
            f"no cell of {adata.n_obs:,} passes quality control "
            f"({'; '.join(f'{rule}: {n:,}' for rule, n in dropped.items())}); the median cell "
            f"has {np.median(n_genes):,.0f} genes; lower --min-genes"
            + (" or raise --max-pct-counts-mt" if len(rules) > 1 else "")
        )

    passing = adata[kept].copy()
    passing.obs = passing.obs.assign(**metrics.loc[kept, [keys.N_GENES, keys.PCT_MT]])
    n_cells = np.bincount(passing.X.indices, minlength=adata.n_vars)
    return FilteredCells(
        adata=passing,
        metrics=metrics,
        dropped=dropped,
        thresholds=thresholds,
        n_mt_genes=int(is_mt.sum()),
        n_rare_genes=int(((n_cells > 0) & (n_cells < config.min_cells)).sum()),
        n_silent_genes=int((n_cells == 0).sum()),
    )


def _mitochondrial(adata: "AnnData") -> NDArray[np.bool_]:
    by_name = np.asarray(adata.var_names.str.match(r"(?i)mt[-.]"), dtype=bool)
    ids = adata.var[keys.GENE_IDS] if keys.GENE_IDS in adata.var else adata.var_names.to_series()
    by_id = ids.astype(str).str.replace(r"\.\d+$", "", regex=True).isin(_HUMAN_MT_IDS)
    known: NDArray[np.bool_] = by_name | by_id.to_numpy(dtype=bool)
    return known
