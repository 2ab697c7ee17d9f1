"""A query's genes in; what they let a model do for each label, out."""

from scbaseline.model.coverage import Coverage
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.words import percent


def coverage_finding(coverage: Coverage) -> Finding:
    """Return what a query's genes let a model do for each label."""
    entries = [
        (label, kept, coverage.expected_loss_by_label[label])
        for label, kept in coverage.kept_weight_by_label.items()
    ]
    entries.append(("all labels", coverage.kept_weight, coverage.expected_loss))
    rows = [
        (Cell(label), Cell(percent(kept, digits=0)), Cell(f"{loss:.3f}"))
        for label, kept, loss in entries
    ]
    return Finding(
        "Genes",
        (f"{coverage.n_found:,} of the model's {coverage.n_genes:,} genes are in the data.",),
        Table(("label", "decision weight kept", "expected fall of F1"), tuple(rows), (1, 2)),
        detail=True,
    )
