"""Out-of-fold predictions of every protocol in; the audit's figures and verdicts out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scbaseline.cells.qc import FilteredCells
from scbaseline.cells.trust import ClusterTrust
from scbaseline.config import RunConfig
from scbaseline.data.info import DataInfo
from scbaseline.judge.compare import Difference
from scbaseline.judge.evidence import (
    PRICED,
    REFERENCE,
    Price,
    TypeEvidence,
    least_kappa,
    price_of,
    type_evidence,
)
from scbaseline.judge.suspects import LabelAudit, suspect_labels
from scbaseline.study.group_scores import GroupScore, scores_by_group
from scbaseline.study.labels import Labels
from scbaseline.study.ladder import Rung, control_rungs, rungs_of
from scbaseline.study.out_of_fold import OutOfFold, compare_with_reference
from scbaseline.study.preparation import Prepared


@dataclass(frozen=True)
class Audit:
    """How much of a classifier's accuracy is real.

    Attributes
    ----------
    data, cells, labels
        As in :class:`scbaseline.Run`.
    trust
        How far each cluster is found again; ``None`` where labels were given.
    rungs
        Every figure of the ladder, in the protocols' order.
    differences
        Protocol → each network against ``logistic``, fold by fold, in macro-F1.
    prices
        What double dipping alone is worth; empty where it cannot be told.
    types
        Whether there is any structure beyond depth and counting noise; ``None`` where it
        cannot be told.
    by_group
        Each donor or batch by itself, for the last recipe; empty without groups.
    suspects
        Cells and pairs of labels to look at again; ``None`` without ``inductive``.
    suspects_by
        The classifier whose out-of-fold probabilities they rest on.
    not_applicable
        Protocol → why it has no meaning here.
    notes
        Protocol → what is weaker than its name says.
    timings
        Stage → seconds.
    """

    config: RunConfig
    data: DataInfo
    cells: FilteredCells
    labels: Labels
    trust: ClusterTrust | None
    rungs: tuple[Rung, ...]
    differences: dict[str, tuple[Difference, ...]]
    prices: tuple[Price, ...]
    types: TypeEvidence | None
    by_group: tuple[GroupScore, ...]
    suspects: LabelAudit | None
    suspects_by: str
    not_applicable: dict[str, str]
    notes: dict[str, tuple[str, ...]]
    timings: dict[str, float]

    @property
    def n_group_folds(self) -> int:
        """The folds under ``group``: at most one per group."""
        return min(self.config.folds, len(self.by_group) or self.config.folds)

    def rung(self, protocol: str, classifier: str, metric: str) -> Rung | None:
        """Return one figure of the ladder, if it is there."""
        return _of(self.rungs, protocol, classifier, metric)


def judge_ladder(
    found: dict[str, list[OutOfFold]],
    *,
    prepared: Prepared,
    config: RunConfig,
    labels: Labels,
    trust: ClusterTrust | None,
    not_applicable: dict[str, str],
    timings: dict[str, float],
) -> Audit:
    """Turn out-of-fold predictions into figures with intervals, comparisons and verdicts.

    Parameters
    ----------
    found
        Protocol → its out-of-fold predictions, or one set per structureless draw.
    prepared, config, labels, trust, not_applicable, timings
        What the audit was run on, and what else it found.
    """
    rungs: list[Rung] = []
    for ones in found.values():
        protocol = ones[0].protocol if ones else None
        if protocol is None:
            continue
        if protocol.structureless:
            rungs += control_rungs(ones)
        else:
            groups = prepared.groups if protocol.tests_on == "groups" else None
            rungs += rungs_of(ones[0], config, groups=groups)
    validated = {
        name: ones[0] for name, ones in found.items() if ones and not ones[0].protocol.structureless
    }
    suspects, suspects_by = None, config.recipe[-1]
    if "inductive" in validated:
        probability_r = validated["inductive"].probability_r(suspects_by)
        if probability_r is not None:
            suspects = suspect_labels(labels.codes_n, np.stack(probability_r), labels.names)
    by_group: tuple[GroupScore, ...] = ()
    if "group" in validated and prepared.groups is not None:
        group = validated["group"]
        by_group = scores_by_group(
            group.true_rn[0], group.predicted_rn(suspects_by)[0], prepared.groups
        )
    thinned = _of(rungs, "thinned", REFERENCE, "kappa")
    null = _of(rungs, "null-thinned", REFERENCE, "kappa")
    return Audit(
        config=config,
        data=prepared.data,
        cells=prepared.cells,
        labels=labels,
        trust=trust,
        rungs=tuple(rungs),
        differences={
            name: tuple(compare_with_reference(one, recipe) for recipe in config.recipe)
            for name, one in validated.items()
        },
        prices=_prices(rungs),
        types=type_evidence(
            _least(thinned, validated.get("thinned")),
            null.repeats if null else (),
            n_drawn=config.null_draws,
        )
        if "null-thinned" in (config.protocol or ())
        else None,
        by_group=by_group,
        suspects=suspects,
        suspects_by=suspects_by,
        not_applicable=not_applicable,
        notes={name: one.notes for name, one in validated.items() if one.notes},
        timings=timings,
    )


def _least(rung: Rung | None, found: OutOfFold | None) -> float | None:
    """Return the lower bound of κ; where no draw differs, by the rule of three."""
    if rung is None or found is None or rung.low is not None:
        return None if rung is None else rung.low
    return least_kappa(rung.value, found.true_rn)


def _prices(rungs: Sequence[Rung]) -> tuple[Price, ...]:
    prices = []
    for half in rungs:
        thinned = _of(rungs, "thinned", half.classifier, half.metric)
        if half.protocol == "half" and half.metric in PRICED and thinned is not None:
            prices.append(price_of(half.classifier, half.metric, half.repeats, thinned.repeats))
    return tuple(prices)


def _of(rungs: Sequence[Rung], protocol: str, classifier: str, metric: str) -> Rung | None:
    wanted = (protocol, classifier, metric)
    return next((r for r in rungs if (r.protocol, r.classifier, r.metric) == wanted), None)
