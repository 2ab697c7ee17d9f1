"""The names of the slots that scbaseline reads and writes in an AnnData."""

# obs: quality control, in scanpy's words
TOTAL_COUNTS = "total_counts"
N_GENES = "n_genes_by_counts"
PCT_MT = "pct_counts_mt"
LEIDEN = "leiden"
CLUSTER_NAME = "cluster_name"

# var
GENE_IDS = "gene_ids"
FEATURE_TYPES = "feature_types"

# a table of predictions, and obs where they are added to it
CELL_ID = "cell_id"
PREDICTED_LABEL = "predicted_label"
PROBABILITY = "probability"
UNKNOWN = "unknown"
UNKNOWN_SCORE = "unknown_score"
PREDICTION_SET = "prediction_set"
BROAD_LABEL = "broad_label"
SMOOTHED_LABEL = "smoothed_label"
SMOOTHED_PROBABILITY = "smoothed_probability"
MAJORITY_LABEL = "majority_label"
MAJORITY_SHARE = "majority_share"
PREDICTION_COLUMNS = (
    PREDICTED_LABEL, PROBABILITY, UNKNOWN, UNKNOWN_SCORE, PREDICTION_SET, BROAD_LABEL,
    SMOOTHED_LABEL, SMOOTHED_PROBABILITY, MAJORITY_LABEL, MAJORITY_SHARE,
)  # fmt: skip

# obsm, layers, uns
X_PCA = "X_pca"
X_UMAP = "X_umap"
COUNTS = "counts"
PROVENANCE = "scbaseline"
PREDICTIONS = "scbaseline_predictions"
BARE_SHARDS = "scbaseline_bare_shards"


def split(protocol: str) -> str:
    """Return the obs column that holds each cell's part under ``protocol``."""
    return f"split_{protocol}"


def predicted(protocol: str, recipe: str) -> str:
    """Return the obs column that holds ``recipe``'s predictions under ``protocol``."""
    return f"predicted_{protocol}_{recipe}"


def probability(protocol: str, recipe: str) -> str:
    """Return the obs column that holds the probability of the predicted label."""
    return f"probability_{protocol}_{recipe}"


def predictions(column: str, key_added: str) -> str:
    """Return the name of a column of predictions that stand beside others as ``key_added``.

    By default the columns are called as :meth:`Classifier.predict` calls them; otherwise
    ``key_added`` is the label's, and the first part of the others'.
    """
    if key_added == PREDICTED_LABEL:
        return column
    return key_added if column == PREDICTED_LABEL else f"{key_added}_{column}"
