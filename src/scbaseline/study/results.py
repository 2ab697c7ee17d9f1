"""What a run found: the frozen result types, and the tidy rows that programs read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.explore import Exploration
from scbaseline.cells.qc import FilteredCells
from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.trust import ClusterTrust
from scbaseline.config import RunConfig
from scbaseline.data.info import DataInfo
from scbaseline.judge.evidence import PRICED, Price, price_of
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import Protocol
from scbaseline.study.split import Split

if TYPE_CHECKING:  # these load torch and scikit-learn
    from scbaseline.judge.compare import Difference
    from scbaseline.judge.scores import Evaluation
    from scbaseline.learn.loop import Fit
    from scbaseline.model.classifier import Classifier
    from scbaseline.study.group_scores import GroupScore


@dataclass(frozen=True)
class Row:
    """One row of ``metrics.json``: a score, and what it is worth.

    Attributes
    ----------
    draw
        Which of several thinnings or structureless draws it is of, counted from 0.
    label
        The label that the score is about; ``None``: all of them.
    low, high
        The 95 % interval, where the metric has one.
    n
        The number of cells that the score was computed on.
    """

    protocol: str
    tier: str
    label_source: str
    label_origin: str
    draw: int
    recipe: str
    metric: str
    label: str | None
    value: float
    low: float | None
    high: float | None
    n: int


def rows_of(
    protocol: str,
    tier: str,
    recipe: str,
    evaluation: "Evaluation",
    *,
    label_source: str,
    label_origin: str,
    draw: int = 0,
) -> tuple[Row, ...]:
    """Return an evaluation's scores with their evidence beside them."""
    evidence = (protocol, tier, label_source, label_origin, draw, recipe)
    return tuple(
        Row(*evidence, s.metric, s.label, s.value, s.low, s.high, s.n) for s in evaluation.scores
    )


@dataclass(frozen=True)
class Trained:
    """One recipe or baseline under one protocol.

    Attributes
    ----------
    predicted_n
        Predicted label code of every kept cell, whatever its part.
    fit
        The network's training; ``None`` for a baseline.
    probability_n
        Calibrated probability of the predicted label; ``None`` where the protocol has no
        cells to calibrate on that are not test cells, and for baselines.
    temperature
        What the logits are divided by; ``None`` as above.
    test_probability_nk, test_uncalibrated_nk
        Probabilities of the test cells, test cells × labels, after and before the
        temperature; ``None`` where there are none.
    """

    predicted_n: NDArray[np.int64]
    fit: "Fit | None" = None
    probability_n: NDArray[np.float32] | None = None
    temperature: float | None = None
    test_probability_nk: NDArray[np.floating] | None = None
    test_uncalibrated_nk: NDArray[np.floating] | None = None


@dataclass(frozen=True)
class ProtocolRun:
    """All recipes and baselines under one protocol.

    Attributes
    ----------
    tier
        The tier of evidence that its figures reach with this run's labels.
    labels
        What was learnt; clusters of one half of the counts are those of that half.
    split
        The part that each cell played.
    space
        The features, as this protocol fits them.
    trained
        Recipe or baseline → its predictions, and its training.
    evaluations
        Recipe or baseline → how it did on the test cells; empty where there are none.
    notes
        What is weaker than the protocol's name says.
    """

    protocol: Protocol
    tier: str
    labels: Labels
    split: Split
    space: FeatureSpace
    trained: dict[str, Trained]
    evaluations: "dict[str, Evaluation]"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Training:
    """One classifier that is to be used, and what a cross-validation says of its recipe.

    Attributes
    ----------
    data, cells, labels
        As in :class:`Run`.
    tier
        The tier of evidence of the evaluations.
    n_folds
        The number of folds; with groups, at most that of the groups. 0 where the figures
        are of test cells of the classifier itself, as after training from disk, where a
        cross-validation would read the file many times more.
    evaluations
        The recipe and the baselines → how they did on every labelled cell, each predicted
        by a fit that had not seen it.
    difference
        The recipe against ``logistic``, fold by fold, in macro-F1; ``None`` without folds.
    by_group
        Each donor or batch by itself; empty without groups.
    notes
        What is weaker than the protocol's name says.
    classifier
        Trained on all labelled cells but a validation part, and the test cells if any.
    timings
        Stage → seconds.
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    labels: Labels
    tier: str
    n_folds: int
    evaluations: "dict[str, Evaluation]"
    difference: "Difference | None"
    by_group: "tuple[GroupScore, ...]"
    notes: tuple[str, ...]
    classifier: "Classifier"
    timings: dict[str, float]


@dataclass(frozen=True)
class Run:
    """Everything that a run found.

    Attributes
    ----------
    data
        What the counts are, and their fingerprint.
    cells
        The cells that passed quality control, and why others did not.
    space
        The feature space of all kept cells, which the exploration looked at.
    exploration
        Clusters and layout of all kept cells.
    trust
        How far each cluster is found again; ``None`` where labels were given.
    draws
        Protocol → its result on each draw of the counts; one where nothing is drawn.
    not_applicable
        Protocol that was asked for, but has no meaning here → why.
    by_group
        Recipe → how it did on each donor or batch; empty without protocol ``group``.
    classifiers
        Recipe → the classifier whose scores are those of ``protocols["inductive"]``.
    timings
        Stage → seconds.
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    space: FeatureSpace
    exploration: Exploration
    trust: ClusterTrust | None
    labels: Labels
    draws: dict[str, tuple[ProtocolRun, ...]]
    not_applicable: dict[str, str]
    by_group: "dict[str, tuple[GroupScore, ...]]"
    classifiers: "dict[str, Classifier]"
    timings: dict[str, float]

    @property
    def protocols(self) -> dict[str, ProtocolRun]:
        """Protocol → its result on the first draw."""
        return {name: ones[0] for name, ones in self.draws.items()}

    @property
    def prices(self) -> tuple[Price, ...]:
        """What double dipping is worth, per classifier and metric; empty without both halves."""
        if not {"half", "thinned"} <= self.draws.keys():
            return ()

        def values(protocol: str, classifier: str, metric: str) -> list[float]:
            ones = self.draws[protocol]
            return [one.evaluations[classifier].score(metric).value for one in ones]

        return tuple(
            price_of(name, metric, values("half", name, metric), values("thinned", name, metric))
            for name in self.protocols["half"].evaluations
            for metric in PRICED
        )

    @property
    def rows(self) -> tuple[Row, ...]:
        """All scores, tidy: one row per protocol, draw, recipe, metric and label."""
        return tuple(
            row
            for name, ones in self.draws.items()
            for draw, one in enumerate(ones)
            for recipe, evaluation in one.evaluations.items()
            for row in rows_of(
                name,
                one.tier,
                recipe,
                evaluation,
                label_source=one.labels.source,
                label_origin=one.labels.origin,
                draw=draw,
            )
        )
