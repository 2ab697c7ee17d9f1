"""The fits of a study in; what they show of every recipe under every protocol, out."""

from collections.abc import Mapping, Sequence

import numpy as np

from scbaseline.config import RunConfig
from scbaseline.judge.compare import Difference, compare_folds
from scbaseline.judge.groups import scores_by_group
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.metrics import confusion_scores
from scbaseline.judge.scores import EQUAL_DRAWS, score_predictions
from scbaseline.judge.verdicts import (
    INFLATED,
    Inflation,
    Structure,
    inflation_of,
    least_kappa,
    structure_of,
)
from scbaseline.learn.recipes import REFERENCE
from scbaseline.randomness import Stream, generator
from scbaseline.study.evidence import Evidence, ProtocolEvidence
from scbaseline.study.fit import Fit
from scbaseline.study.labels import Groups
from scbaseline.study.protocols import PROTOCOLS, null_of


def judge_fits(
    fits: Sequence[Fit],
    config: RunConfig,
    *,
    groups: Groups | None = None,
    not_applicable: dict[str, str] | None = None,
) -> Evidence:
    """Score every recipe under every protocol, and draw what follows from the scores.

    Parameters
    ----------
    fits
        Of all protocols; those without test cells are left out.
    config
        ``n_bootstrap``, ``seed``, ``null_draws``.
    groups
        The donor or batch of each kept cell, where a column was named.
    not_applicable
        Protocol → why it has no meaning here.
    """
    of_protocol: dict[str, list[Fit]] = {name: [] for name in PROTOCOLS}
    for fit in fits:
        if len(fit.test):
            of_protocol[fit.protocol.name].append(fit)
    protocols = {
        name: judge_protocol(own, config, groups=groups) for name, own in of_protocol.items() if own
    }
    by_group = {}
    for evidence in protocols.values():
        if evidence.protocol.tests_on == "groups" and groups is not None:
            by_group = {
                recipe: scores_by_group(held_out, groups.codes_n, groups.names)
                for recipe, held_out in evidence.held_out.items()
            }
    return Evidence(
        protocols,
        inflation=_inflation(protocols),
        structure=_structure(protocols, config),
        by_group=by_group,
        not_applicable=not_applicable or {},
    )


def judge_protocol(
    fits: Sequence[Fit], config: RunConfig, *, groups: Groups | None = None
) -> ProtocolEvidence:
    """Score every recipe under one protocol.

    Parameters
    ----------
    fits
        All of this protocol, with test cells.
    config, groups
        As for :func:`judge_fits`.
    """
    protocol, labels = fits[0].protocol, fits[0].labels
    by_groups = protocol.tests_on == "groups" and groups is not None
    held_out = {recipe: held_out_of(fits, recipe) for recipe in fits[0].recipes}
    n_draws = len({fit.draw for fit in fits})
    # Each draw has counts and one set of test cells of its own.
    draws_apart = (n_draws > 1 and n_draws == len(fits)) or protocol.structureless
    scorecards = {
        recipe: score_predictions(
            predictions,
            generator(config.seed, Stream.INTERVALS),
            n_draws=config.n_bootstrap,
            groups_n=groups.codes_n if by_groups and groups is not None else None,
            draws_apart=draws_apart,
        )
        for recipe, predictions in held_out.items()
    }
    return ProtocolEvidence(
        protocol,
        protocol.tier(labels.origin),
        labels,
        scorecards,
        held_out,
        differences={
            recipe: difference(held_out, recipe)
            for recipe in held_out
            if recipe != REFERENCE and REFERENCE in held_out
        },
        n_fits=len(fits),
        n_train=float(np.mean([fit.n_train for fit in fits])),
        notes=tuple(dict.fromkeys(note for fit in fits for note in fit.notes)),
    )


def held_out_of(fits: Sequence[Fit], recipe: str) -> HeldOut:
    """Collect one recipe's predictions of test cells, a repeat for each draw.

    Parameters
    ----------
    fits
        Of one protocol.
    recipe
        A recipe of all fits.
    """
    repeat_of = {draw: r for r, draw in enumerate(dict.fromkeys(fit.draw for fit in fits))}
    labels_r = {repeat_of[fit.draw]: fit.labels for fit in fits}
    n_cells = len(fits[0].labels.codes_n)
    true_rn = np.full((len(repeat_of), n_cells), -1)
    predicted_rn = np.full((len(repeat_of), n_cells), -1)
    probabilities: dict[str, tuple[np.ndarray, ...] | None] = {}
    for kind in ("probability_tk", "uncalibrated_tk"):
        known = all(getattr(fit.recipes[recipe], kind) is not None for fit in fits)
        probabilities[kind] = (
            tuple(np.full((n_cells, len(labels.names)), np.nan) for labels in labels_r.values())
            if known
            else None
        )
    for fit in fits:
        r, test, of_recipe = repeat_of[fit.draw], fit.test, fit.recipes[recipe]
        true_rn[r, test] = fit.labels.codes_n[test]
        predicted_rn[r, test] = of_recipe.predicted_t
        for kind, probability_r in probabilities.items():
            if probability_r is not None:
                probability_r[r][test] = getattr(of_recipe, kind)
    return HeldOut(
        tuple(labels.names for labels in labels_r.values()),
        true_rn,
        predicted_rn,
        probabilities["probability_tk"],
        probabilities["uncalibrated_tk"],
        tests_j=tuple(fit.test for fit in fits),
        repeat_j=tuple(repeat_of[fit.draw] for fit in fits),
        n_train=float(np.mean([fit.n_train for fit in fits])),
        train_accuracy=float(np.mean([fit.recipes[recipe].train_accuracy for fit in fits])),
    )


def difference(
    held_out: Mapping[str, HeldOut],
    recipe: str,
    *,
    reference: str = REFERENCE,
    metric: str = "f1_macro",
) -> Difference:
    """Compare a recipe with another one, fit by fit.

    Parameters
    ----------
    held_out
        Recipe → what it says of the same test cells.
    recipe, reference
        Two of them.
    metric
        A score that follows from a confusion matrix.
    """
    scores_j, reference_j = (
        np.array([confusion_scores(matrix)[metric] for matrix in held_out[name].confusion_j])
        for name in (recipe, reference)
    )
    of_recipe = held_out[recipe]
    return compare_folds(
        scores_j - reference_j,
        tests_j=[test.tobytes() for test in of_recipe.tests_j],
        n_train=of_recipe.n_train,
        n_test=float(np.mean([len(test) for test in of_recipe.tests_j])),
        name=recipe,
        reference=reference,
        metric=metric,
    )


def _inflation(protocols: dict[str, ProtocolEvidence]) -> tuple[Inflation, ...]:
    """Compare each protocol that predicts clusters of a half from that half with its pair."""
    inflation = []
    for same in protocols.values():
        other = protocols.get(same.protocol.same_half_as)
        if other is None:
            continue
        inflation += [
            inflation_of(
                recipe, metric, scorecard.score(metric).repeats, pair.score(metric).repeats
            )
            for recipe, scorecard in same.scorecards.items()
            if (pair := other.scorecards.get(recipe)) is not None
            for metric in INFLATED
        ]
    return tuple(inflation)


def _structure(protocols: dict[str, ProtocolEvidence], config: RunConfig) -> Structure | None:
    shown = next((e for e in protocols.values() if e.protocol.shows_structure), None)
    if shown is None or REFERENCE not in shown.scorecards:
        return None
    null = null_of(shown.protocol)
    if null is None or null.name not in (config.protocol or ()):
        return None
    kappa = shown.scorecards[REFERENCE].score("kappa")
    low = kappa.low
    if kappa.about == EQUAL_DRAWS:  # the bound follows from the rule of three
        low = least_kappa(kappa.value, shown.held_out[REFERENCE].true_rn)
    nulls = protocols.get(null.name)
    return structure_of(
        low,
        () if nulls is None else nulls.scorecards[REFERENCE].score("kappa").repeats,
        n_drawn=config.null_draws,
        protocol=shown.protocol.name,
        null=null.name,
    )
