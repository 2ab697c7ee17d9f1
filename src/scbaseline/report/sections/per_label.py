"""Evidence of one protocol in; F1 of each label and recipe out."""

from collections.abc import Sequence

from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.words import score_cell
from scbaseline.study.evidence import Evidence


def label_score_findings(evidence: Evidence, *, recipes: Sequence[str]) -> tuple[Finding, ...]:
    """Return F1 per label, under each protocol whose labels are those of the study.

    Clusters of drawn counts have numbers of their own, and differ from draw to draw.

    Parameters
    ----------
    recipes
        Those that were asked for.
    """
    findings = []
    for name, of_protocol in evidence.protocols.items():
        if of_protocol.protocol.draws_counts:
            continue
        rows = []
        for label in of_protocol.labels.names:
            scores = [of_protocol.scorecards[recipe].score("f1", label) for recipe in recipes]
            rows.append((Cell(label), Cell(f"{scores[0].n:,}"), *map(score_cell, scores)))
        table = Table(("label", "test cells", *recipes), tuple(rows), numbers=(1,))
        title = f"F1 of each label, {name} ({of_protocol.tier})"
        findings.append(Finding(title, table=table, detail=True))
    return tuple(findings)
