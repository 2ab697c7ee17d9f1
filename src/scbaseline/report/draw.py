"""One figure's name and contents in; its file out, in whichever process this is called."""

from pathlib import Path
from typing import Any


def draw(kind: str, contents: dict[str, Any], path: Path) -> None:
    """Draw a figure into a file.

    Matplotlib is loaded here, so that a process that lets another draw does without.

    Parameters
    ----------
    kind
        ``"qc"``, ``"umap"``, ``"confusion"`` or ``"training_curves"``.
    contents
        What that figure's function in :mod:`scbaseline.report.figures` is called with.
    path
        The file.
    """
    from scbaseline.report import figures

    figures.FIGURES[kind](**contents).savefig(path)
