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
from scbaseline.study.evidence import Evidence
from scbaseline.study.fit import Fit
from scbaseline.study.labels import Labels
from scbaseline.study.names import ClusterNames

if TYPE_CHECKING:  # these load torch and scikit-learn
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
        return _summary("Run", self.data, self.labels, self.evidence)

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
        return _summary("Audit", self.data, self.labels, self.evidence)


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
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    labels: Labels
    evidence: Evidence
    n_folds: int
    classifier: "Classifier"
    timings: Timings

    def __repr__(self) -> str:
        return _summary("Training", self.data, self.labels, self.evidence)


def _summary(kind: str, data: DataInfo, labels: Labels, evidence: Evidence) -> str:
    """Return a few lines in place of all that a result holds."""
    what = f"{data.n_cells:,} cells × {data.n_genes:,} genes, {len(labels.names)} labels"
    lines = [f"{kind} of {data.title}: {what} ({labels.source})"]
    for name, of_protocol in evidence.protocols.items():
        scores = ", ".join(
            f"{recipe} {scorecard.score('accuracy').value:.3f}"
            for recipe, scorecard in of_protocol.scorecards.items()
        )
        lines.append(f"  {name} ({of_protocol.tier}), accuracy: {scores}")
    return "\n".join(lines)
