"""What fits show: scores with the evidence behind them, comparisons and verdicts."""

from dataclasses import dataclass, field

from scbaseline.judge.compare import Difference
from scbaseline.judge.groups import GroupScore
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.scores import Score, Scorecard
from scbaseline.judge.verdicts import Inflation, Structure
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import Protocol


@dataclass(frozen=True)
class Row:
    """One row of ``metrics.json``, ``audit.json`` and a model's card: a score with its evidence.

    Attributes
    ----------
    protocol, tier, label_source, label_origin
        How it was obtained.
    recipe
        What was judged.
    metric, label, value, low, high, about, repeats, n
        As in :class:`~scbaseline.judge.scores.Score`.
    """

    protocol: str
    tier: str
    label_source: str
    label_origin: str
    recipe: str
    metric: str
    label: str | None
    value: float
    low: float | None
    high: float | None
    about: str
    repeats: tuple[float, ...]
    n: int


def rows_of(
    scorecard: Scorecard,
    *,
    protocol: str,
    tier: str,
    label_source: str,
    label_origin: str,
    recipe: str,
) -> tuple[Row, ...]:
    """Return all scores of a scorecard with their evidence."""
    return tuple(
        Row(
            protocol, tier, label_source, label_origin, recipe,
            s.metric, s.label, s.value, s.low, s.high, s.about, s.repeats, s.n,
        )
        for s in scorecard.scores
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class ProtocolEvidence:
    """How all recipes did under one protocol.

    Attributes
    ----------
    protocol
        What was fitted and tested on what.
    tier
        The tier of evidence that its scores reach with these labels.
    labels
        What was learnt; where labels are made from drawn counts, those of the first draw.
    scorecards
        Recipe → its scores.
    held_out
        Recipe → its predictions of cells that it was not trained on.
    differences
        Recipe → its macro-F1 against the reference recipe's, fit by fit.
    n_fits
        The number of fits.
    n_train
        Mean number of training cells of a fit.
    notes
        What is weaker than the protocol's name says.
    """

    protocol: Protocol
    tier: str
    labels: Labels
    scorecards: dict[str, Scorecard]
    held_out: dict[str, HeldOut]
    differences: dict[str, Difference]
    n_fits: int
    n_train: float
    notes: tuple[str, ...] = ()

    @property
    def n_folds(self) -> int:
        """The number of fits of each repeat; with groups, at most that of the groups."""
        return self.n_fits // next(iter(self.held_out.values())).n_repeats

    @property
    def rows(self) -> tuple[Row, ...]:
        """All scores with their evidence."""
        return tuple(
            row
            for recipe, scorecard in self.scorecards.items()
            for row in rows_of(
                scorecard,
                protocol=self.protocol.name,
                tier=self.tier,
                label_source=self.labels.source,
                label_origin=self.labels.origin,
                recipe=recipe,
            )
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """What all fits of a study show.

    Attributes
    ----------
    protocols
        Protocol → how all recipes did under it, in the table's order.
    inflation
        What double dipping alone adds; empty where it cannot be told.
    structure
        Whether there is any structure beyond depth and counting noise; ``None`` where it
        cannot be told.
    by_group
        Recipe → how it did on each donor or batch; empty without groups.
    not_applicable
        Protocol that was asked for, but has no meaning here → why.
    """

    protocols: dict[str, ProtocolEvidence]
    inflation: tuple[Inflation, ...] = ()
    structure: Structure | None = None
    by_group: dict[str, tuple[GroupScore, ...]] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All scores with their evidence."""
        return tuple(row for evidence in self.protocols.values() for row in evidence.rows)

    def score(self, protocol: str, recipe: str, metric: str) -> Score | None:
        """Return one score over all labels, if it is there."""
        evidence = self.protocols.get(protocol)
        if evidence is None or recipe not in evidence.scorecards:
            return None
        try:
            return evidence.scorecards[recipe].score(metric)
        except KeyError:
            return None
