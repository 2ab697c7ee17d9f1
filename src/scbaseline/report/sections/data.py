"""What was read and which cells were kept in; what the counts are out."""

from scbaseline.cells.qc import FilteredCells
from scbaseline.data.info import DataInfo
from scbaseline.report.finding import Finding


def data_finding(data: DataInfo, cells: FilteredCells, *, detail: bool = False) -> Finding:
    """Say what the counts are, what was done to them, and which cells were kept.

    Parameters
    ----------
    detail
        Whether it is for those who ask for more, unless there is something to note.
    """
    dropped = "; ".join(f"{n:,} dropped: {rule}" for rule, n in cells.dropped.items())
    sentences = [
        f"{data.n_cells:,} cells × {data.n_genes:,} genes, {data.n_counts:,} counts.",
        f"{len(cells.obs):,} cells kept ({dropped}).",
        *data.notes,
    ]
    return Finding(data.title, tuple(sentences), figure="qc", detail=detail and not data.notes)
