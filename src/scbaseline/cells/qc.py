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
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.ranks import ALONE, Ranks, own_share

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
    counts
        Those of the kept cells, all genes.
    obs
        The kept cells, with the metrics.
    var
        The genes.
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

    counts: Counts
    obs: pd.DataFrame
    var: pd.DataFrame
    metrics: pd.DataFrame
    dropped: dict[str, int]
    thresholds: dict[str, tuple[float, float]]
    n_mt_genes: int
    n_rare_genes: int
    n_silent_genes: int

    @property
    def adata(self) -> "AnnData":
        """The kept cells as AnnData: raw counts in ``X``, read into memory where on disk."""
        import anndata

        return anndata.AnnData(self.counts.counts_ng, obs=self.obs, var=self.var)


def filter_cells(
    counts: Counts,
    config: RunConfig,
    *,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    ranks: Ranks = ALONE,
) -> FilteredCells:
    """Keep the cells with enough genes and, if asked for, not too many mitochondrial counts.

    Parameters
    ----------
    counts
        Checked counts, cells × genes, in memory or on disk.
    config
        ``min_genes``, ``max_pct_counts_mt``, ``min_cells``.
    obs
        What is known of the cells.
    var
        The genes: symbols as index, Ensembl ids in ``gene_ids`` where known.
    ranks
        Those that share the pass over all cells.

    Raises
    ------
    InputError
        No cell passes, or a mitochondrial threshold is asked for and no such gene is known.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> counts = sb.Counts.from_anndata(adata)
    >>> cells = sb.filter_cells(counts, sb.RunConfig(min_genes=100), obs=adata.obs, var=adata.var)
    >>> cells.dropped, cells.n_rare_genes
    ({'fewer than 100 genes': 0}, 0)
    """
    n_genes = counts.shape[1]
    is_mt = _mitochondrial(var)
    if config.max_pct_counts_mt is not None and not is_mt.any():
        raise InputError(
            f"max_pct_counts_mt: {config.max_pct_counts_mt:g} was given, but no gene is named "
            f"MT-… (or mt-…; the first are {', '.join(var.index[:3])}); "
            "leave --max-pct-counts-mt out"
        )
    # A cell without a count has no profile, even where the user sets min_genes to 0.
    min_genes = max(config.min_genes, 1)
    highest_pct = config.max_pct_counts_mt
    dropped = {f"fewer than {min_genes} genes": 0}
    thresholds = {keys.N_GENES: (float(min_genes), float("inf"))}
    if highest_pct is not None:
        dropped[f"over {highest_pct:g} % mitochondrial"] = 0
        thresholds[keys.PCT_MT] = (0.0, highest_pct)
    tables, n_cells_g = [], np.zeros(n_genes, dtype=np.int64)
    for counts_ng, total_n in own_share(counts, ranks).blocks():
        table = _measured(counts_ng, total_n, is_mt)
        fails = [table[keys.N_GENES] < min_genes]
        fails += [table[keys.PCT_MT] > highest_pct] if highest_pct is not None else []
        kept = np.ones(len(table), dtype=bool)
        for rule, failing in zip(dropped, fails, strict=True):
            dropped[rule] += int((kept & failing).sum())
            kept &= ~failing.to_numpy()
        n_cells_g += np.bincount(counts_ng[kept].indices, minlength=n_genes)
        tables.append(table.assign(kept=kept))
    metrics = _gathered(pd.concat(tables, ignore_index=True), ranks).set_axis(obs.index)
    dropped = {rule: int(ranks.sum(np.array(n))) for rule, n in dropped.items()}
    n_cells_g = ranks.sum(n_cells_g)
    kept = metrics["kept"].to_numpy()
    if not kept.any():
        raise InputError(
            f"no cell of {len(kept):,} passes quality control "
            f"({'; '.join(f'{rule}: {n:,}' for rule, n in dropped.items())}); the median cell "
            f"has {metrics[keys.N_GENES].median():,.0f} genes; lower --min-genes"
            + (" or raise --max-pct-counts-mt" if len(dropped) > 1 else "")
        )
    measured = [keys.N_GENES, keys.TOTAL_COUNTS, keys.PCT_MT]
    return FilteredCells(
        counts=counts.rows(kept),
        obs=obs[kept].assign(**metrics.loc[kept, measured]),
        var=var,
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


def _gathered(table: pd.DataFrame, ranks: Ranks) -> pd.DataFrame:
    """Return the rows of all ranks, one rank after the other."""
    return pd.DataFrame({name: ranks.gather(table[name].to_numpy()) for name in table})


def _mitochondrial(var: pd.DataFrame) -> NDArray[np.bool_]:
    is_named = np.asarray(var.index.str.match(r"(?i)mt[-.]"), dtype=bool)
    ids = var[keys.GENE_IDS] if keys.GENE_IDS in var else var.index.to_series()
    has_id = ids.astype(str).str.replace(r"\.\d+$", "", regex=True).isin(_HUMAN_MT_IDS)
    is_mt: NDArray[np.bool_] = is_named | has_id.to_numpy(dtype=bool)
    return is_mt
