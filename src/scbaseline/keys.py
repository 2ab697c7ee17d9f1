"""The names of the slots that scbaseline reads and writes in an AnnData."""

# obs: quality control, in scanpy's words
TOTAL_COUNTS = "total_counts"
N_GENES = "n_genes_by_counts"
PCT_MT = "pct_counts_mt"
LEIDEN = "leiden"

# var
GENE_IDS = "gene_ids"
FEATURE_TYPES = "feature_types"

# obsm, layers, uns
X_PCA = "X_pca"
X_UMAP = "X_umap"
COUNTS = "counts"
PROVENANCE = "scbaseline"


def split(protocol: str) -> str:
    """Return the obs column that holds each cell's part under ``protocol``."""
    return f"split_{protocol}"


def predicted(protocol: str, recipe: str) -> str:
    """Return the obs column that holds ``recipe``'s predictions under ``protocol``."""
    return f"predicted_{protocol}_{recipe}"


def probability(protocol: str, recipe: str) -> str:
    """Return the obs column that holds the probability of the predicted label."""
    return f"probability_{protocol}_{recipe}"
