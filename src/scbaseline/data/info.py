"""What counts are: the facts that stand in every output."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataInfo:
    """What the counts are, whatever file brought them.

    Attributes
    ----------
    name, title, licence, citation
        The data set's, where the content is known; else the name that it was read by.
    fingerprint
        Of the content, as :func:`scbaseline.data.fingerprint.fingerprint` gives it.
    notice
        What must be said wherever these data stand in for others.
    embedded
        Whether they are the sample that is installed with scanpy.
    total_key
        The column of obs with each cell's total, where the counts are of some genes only.
    n_cells, n_genes, n_counts
        The input's, before any filter.
    n_other_features
        Rows of antibodies, guides or peaks that were left out when reading.
    notes
        What was done to the input when it was read and checked, and what weakens it.
    """

    name: str
    title: str
    licence: str
    citation: str
    fingerprint: str
    notice: str
    embedded: bool
    total_key: str
    n_cells: int
    n_genes: int
    n_counts: int
    n_other_features: int
    notes: tuple[str, ...]
