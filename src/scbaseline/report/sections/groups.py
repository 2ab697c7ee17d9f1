"""Evidence in; how each unseen donor or batch fared, out."""

from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.study.evidence import Evidence


def group_findings(evidence: Evidence, *, recipe: str) -> tuple[Finding, ...]:
    """Return the scores of one recipe on the cells of each group, where there are groups."""
    scores = evidence.by_group.get(recipe, ())
    if not scores:
        return ()
    rows = [
        (Cell(s.group), Cell(f"{s.n:,}"), Cell(f"{s.f1_macro:.3f}"), Cell(f"{s.accuracy:.3f}"))
        for s in scores
    ]
    table = Table(("group", "cells", "macro-F1", "accuracy"), tuple(rows), numbers=(1,))
    sentence = "Each group was predicted by a fit that had seen none of its cells."
    return (Finding(f"{recipe} on each unseen group", (sentence,), table),)
