"""Labels in; what is predicted, and which cells and labels take no part, out."""

from scbaseline.report.finding import Finding
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import CLUSTERS


def label_finding(labels: Labels, *, detail: bool = False) -> Finding:
    """Say what is predicted, and which cells could not take part.

    Parameters
    ----------
    detail
        Whether it is for those who ask for more, unless cells or labels are left out.
    """
    n_labels = len(labels.names)
    if labels.source == CLUSTERS:
        sentences = [f"{n_labels} Leiden clusters are predicted."]
    else:
        column = labels.source.split(":", 1)[1]
        sentences = [f"{n_labels} labels of {column} are predicted (origin: {labels.origin})."]
    if labels.n_unlabelled:
        sentences.append(f"{labels.n_unlabelled:,} cells without a label are left out.")
    if labels.rare:
        rare = ", ".join(f"{name} ({n})" for name, n in labels.rare.items())
        sentences.append(f"Labels with too few cells are left out: {rare}.")
    return Finding("Labels", tuple(sentences), detail=detail and len(sentences) == 1)
