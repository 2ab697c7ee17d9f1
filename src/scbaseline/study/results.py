"""What the commands hand back: frozen values that hold no process and no open file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.qc import FilteredCells
from scbaseline.cells.trust import ClusterTrust
from scbaseline.config import RunConfig
from scbaseline.data.info import DataInfo
from scbaseline.stages import StageTime
from scbaseline.study.evidence import Evidence, Row
from scbaseline.study.fit import Fit
from scbaseline.study.labels import Labels
from scbaseline.study.names import ClusterNames
from scbaseline.study.rivals import ViewEvidence
from scbaseline.study.shown import accuracy_table, as_html, as_text, scores_table

if TYPE_CHECKING:  # some of these load torch and scikit-learn
    import pandas as pd
    from anndata import AnnData

    from scbaseline.cells.explore import Exploration
    from scbaseline.judge.suspects import LabelAudit
    from scbaseline.model.classifier import Classifier


@dataclass(frozen=True)
class Timings:
    """How long the work took.

    Attributes
    ----------
    wall_seconds
        From the beginning to the end.
    stages
        What each process spent in each stage; processes work at the same time.
    """

    wall_seconds: float
    stages: tuple[StageTime, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """Everything that a run yields.

    Attributes
    ----------
    config
        The settings, with every choice made.
    data
        What the counts are, and their fingerprint.
    cells
        The cells that passed quality control, and why others did not.
    labels
        What was learnt on all counts.
    exploration
        Clusters and layout of all kept cells.
    trust
        How far each cluster is found again; ``None`` where labels were given.
    names
        What each cluster may be, and the evidence for it.
    fits
        Every fit: protocol, split, and what each recipe says of its test cells.
    evidence
        Scores, comparisons and verdicts.
    classifiers
        Recipe → the classifier whose scores are those of the protocol that saves models.
    timings
        How long it took.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(protocol="inductive", recipe="nearest-centroid", threads=1)
    >>> result = sb.run(adata, **settings)
    >>> sorted(result.summary().columns)
    ['about', 'high', 'low', 'n', 'tier', 'value']
    >>> result.to_adata().obsm["X_umap"].shape
    (693, 2)
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    labels: Labels
    exploration: "Exploration"
    trust: ClusterTrust | None
    names: ClusterNames
    fits: tuple[Fit, ...]
    evidence: Evidence
    classifiers: "dict[str, Classifier]"
    timings: Timings

    def __repr__(self) -> str:
        return as_text(_head(self), accuracy_table(self.evidence.rows), more=_MORE["Run"])

    def _repr_html_(self) -> str:
        return as_html(_head(self), accuracy_table(self.evidence.rows), more=_MORE["Run"])

    def summary(self) -> "pd.DataFrame":
        """Return every score over all labels: protocol, recipe, metric, value, interval, tier."""
        return scores_table(self.evidence.rows)

    def to_adata(self) -> "AnnData":
        """Return the kept cells with clusters, layout and predictions of held-out cells.

        It holds what ``cells.h5ad`` of the command ``scbaseline run`` holds.
        """
        from scbaseline.study.to_adata import annotated_cells

        return annotated_cells(self)

    def held_out(self, recipe: str, protocol: str) -> NDArray[np.object_]:
        """Return a recipe's label for each kept cell that it was not trained on, else None.

        Parameters
        ----------
        recipe, protocol
            Both of this run; the protocol's labels must be those of the run.
        """
        predicted_n = self.evidence.protocols[protocol].held_out[recipe].predicted_rn[0]
        names = np.array([*self.labels.names, None], dtype=object)
        labels_n: NDArray[np.object_] = names[predicted_n]
        return labels_n


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """How much of a classifier's accuracy is real.

    Attributes
    ----------
    config, data, cells, labels, trust, evidence, timings
        As in :class:`Run`.
    names
        As in :class:`Run`; ``None`` where labels were given.
    suspects
        Cells and pairs of labels to look at again; ``None`` without the protocol that they
        rest on.
    suspects_by
        The recipe whose out-of-fold probabilities they rest on.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(protocol="inductive", recipe="nearest-centroid", threads=1)
    >>> audit = sb.audit(adata, **settings, folds=2, repeats=1)
    >>> list(audit.suspects.suspects)[:2]
    ['row', 'label']
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    labels: Labels
    trust: ClusterTrust | None
    names: ClusterNames | None
    evidence: Evidence
    suspects: "LabelAudit | None"
    suspects_by: str
    timings: Timings

    def __repr__(self) -> str:
        return as_text(_head(self), accuracy_table(self.evidence.rows), more=_MORE["Audit"])

    def _repr_html_(self) -> str:
        return as_html(_head(self), accuracy_table(self.evidence.rows), more=_MORE["Audit"])

    def summary(self) -> "pd.DataFrame":
        """Return every score over all labels: protocol, recipe, metric, value, interval, tier."""
        return scores_table(self.evidence.rows)


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """One classifier for use, and what held-out cells say of it.

    Attributes
    ----------
    config, data, cells, labels, evidence, timings
        As in :class:`Run`.
    n_folds
        The number of folds; with groups, at most that of the groups. 0 where the scores are
        of test cells of the classifier itself, as after training from disk, where a
        cross-validation would read the file many times more.
    classifier
        Trained on all labelled cells but a validation part, and the test cells if any.
    views
        How its recipe and simple ones did on the same held-out cells, first as they are, then
        with fewer counts and fewer genes; empty after training from disk.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> training = sb.train(adata, **settings)
    >>> training.n_folds
    2
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    labels: Labels
    evidence: Evidence
    n_folds: int
    classifier: "Classifier"
    timings: Timings
    views: tuple[ViewEvidence, ...] = ()

    def __repr__(self) -> str:
        return as_text(_head(self), accuracy_table(self._rows), more=_MORE["Training"])

    def _repr_html_(self) -> str:
        return as_html(_head(self), accuracy_table(self._rows), more=_MORE["Training"])

    def summary(self) -> "pd.DataFrame":
        """Return every score over all labels, also of thinned and cut cells."""
        return scores_table(self._rows)

    @property
    def _rows(self) -> tuple[Row, ...]:
        return (*self.evidence.rows, *(row for view in self.views for row in view.rows))


def _head(result: Run | Audit | Training) -> str:
    data, labels = result.data, result.labels
    what = f"{data.n_cells:,} cells × {data.n_genes:,} genes, {len(labels.names)} labels"
    return f"{type(result).__name__} of {data.title}: {what} ({labels.source}); accuracy:"


_MORE = {
    "Run": "More: .summary(), .to_adata(), .classifiers, .evidence, scbaseline.pl.umap(result)",
    "Audit": "More: .summary(), .suspects, .evidence, scbaseline.pl.ladder(result)",
    "Training": "More: .summary(), .classifier, .evidence, scbaseline.pl.confusion(result)",
}
