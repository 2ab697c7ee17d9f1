"""Figures of results, as ``scbaseline.pl``: each function takes a result and gives a Figure.

Nothing is saved or shown: a notebook shows the figure that a cell ends with, and
``figure.savefig("umap.png")`` saves it.
"""

from typing import TYPE_CHECKING

from scbaseline.errors import ConfigError
from scbaseline.report.drawn import confusion_of, curves_of, ladder_of, qc_of, umap_of
from scbaseline.report.figures.confusion import confusion_figure
from scbaseline.report.figures.curves import curves_figure
from scbaseline.report.figures.ladder import ladder_figure
from scbaseline.report.figures.qc import qc_figure
from scbaseline.report.figures.umap import umap_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scbaseline.study.evaluate import Evaluation
    from scbaseline.study.results import Audit, Run, Training

__all__ = ["confusion", "ladder", "qc", "training_curves", "umap"]


def umap(result: "Run") -> "Figure":
    """Show the clusters on the UMAP and, where labels were given, these labels beside them.

    Parameters
    ----------
    result
        Of :func:`scbaseline.run`.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> result = sb.run(adata, protocol="inductive", recipe="nearest-centroid", threads=1)
    >>> figure = sb.pl.umap(result)
    >>> figure.axes[0].get_xlabel()
    'UMAP 1'
    """
    return umap_figure(**umap_of(result))


def confusion(
    result: "Run | Audit | Training | Evaluation", *, recipe: str | None = None
) -> "Figure":
    """Show true and predicted labels of held-out cells, one matrix per protocol.

    Parameters
    ----------
    result
        Of any command that judges.
    recipe
        Whose predictions; by default those of the first recipe that was asked for.

    Raises
    ------
    ConfigError
        The result has no such recipe, or every protocol of it makes its labels anew, so that
        there is no common matrix.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> training = sb.train(adata, **settings)
    >>> sb.pl.confusion(training).axes[0].get_ylabel()
    'true'
    """
    first = getattr(result, "recipe", None) or result.config.recipe[0]  # type: ignore[union-attr,index]
    drawn = confusion_of(result, recipe or first)
    if not drawn:
        raise ConfigError(
            "protocol: all of this result make their labels anew from drawn counts; there is a "
            "confusion matrix with protocol='inductive'"
        )
    return confusion_figure(**drawn)


def training_curves(result: "Run") -> "Figure":
    """Show loss and accuracy of each network, epoch by epoch.

    Parameters
    ----------
    result
        Of :func:`scbaseline.run`.

    Raises
    ------
    ConfigError
        The run trained no network.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> result = sb.run(adata, protocol="inductive", recipe="pca", threads=1)
    >>> len(sb.pl.training_curves(result).axes)
    2
    """
    drawn = curves_of(result)
    if not drawn:
        raise ConfigError("recipe: no network was trained in this run; name one, e.g. recipe='pca'")
    return curves_figure(**drawn)


def qc(result: "Run | Audit | Training") -> "Figure":
    """Show what quality control measured for each cell, and where it cut.

    Parameters
    ----------
    result
        Of a command that filters cells.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> training = sb.train(adata, **settings)
    >>> len(sb.pl.qc(training).axes)
    4
    """
    return qc_figure(**qc_of(result))


def ladder(result: "Audit") -> "Figure":
    """Show how much of the accuracy is real: each recipe under each protocol.

    Parameters
    ----------
    result
        Of :func:`scbaseline.audit`.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(protocol="inductive", recipe="nearest-centroid", threads=1)
    >>> audit = sb.audit(adata, **settings, folds=2, repeats=1)
    >>> len(sb.pl.ladder(audit).axes)
    1
    """
    return ladder_figure(**ladder_of(result))
