"""One protocol: counts, labels and a split in; fitted features, networks and their scores out."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from scbaseline.cells.space import FeatureSpace, ScaledCounts, fit_feature_space
from scbaseline.cells.thinning import Counts
from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.judge.scores import Evaluation, evaluate_predictions
from scbaseline.learn.baselines import BASELINES, predict_baseline
from scbaseline.learn.calibrate import fit_temperature
from scbaseline.learn.loop import Examples, fit_network, logits
from scbaseline.learn.recipes import RECIPES, Recipe
from scbaseline.stages import Stage
from scbaseline.study.labels import Labels, learnt_codes
from scbaseline.study.protocols import Protocol
from scbaseline.study.results import ProtocolRun, Trained
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split

STANDARD_BASELINES = tuple(name for name, baseline in BASELINES.items() if baseline.always)
"""The baselines that stand beside the networks wherever these are judged."""


def run_protocol(
    protocol: Protocol,
    counts: Counts,
    labels: Labels,
    *,
    split: Split,
    config: RunConfig,
    baselines: Iterable[str] = STANDARD_BASELINES,
    whole: FeatureSpace | None = None,
    curves: bool = False,
    stage: Stage = lambda _: nullcontext(),
) -> ProtocolRun:
    """Fit features, networks and baselines as one protocol says, and judge them on test cells.

    Parameters
    ----------
    protocol, counts, labels, split, config, baselines, whole, curves, stage
        As for :func:`fit_protocol`; without test cells, nothing is judged.

    Raises
    ------
    InputError
        The training cells carry fewer than two labels, or none that a validation cell carries.
    """
    one = fit_protocol(
        protocol,
        counts,
        labels,
        split=split,
        config=config,
        baselines=baselines,
        whole=whole,
        curves=curves,
        stage=stage,
    )
    return replace(one, evaluations=_judge(one, config))


def fit_protocol(
    protocol: Protocol,
    counts: Counts,
    labels: Labels,
    *,
    split: Split,
    config: RunConfig,
    baselines: Iterable[str] = STANDARD_BASELINES,
    whole: FeatureSpace | None = None,
    curves: bool = False,
    stage: Stage = lambda _: nullcontext(),
) -> ProtocolRun:
    """Fit features, networks and baselines as one protocol says; predict every cell.

    Cells whose label no training cell carries neither stop nor calibrate, and the notes name
    the label; as test cells, they count as wrong.

    Parameters
    ----------
    protocol
        What is fitted on which cells.
    counts
        The counts that the protocol's features are made from, of the kept cells.
    labels, split
        What to learn, and the part of each cell.
    config
        The settings, with the recipes.
    baselines
        Names of baselines to fit.
    whole
        The feature space of all these cells, where it has been fitted already.
    curves
        Whether to train past the kept epoch where a recipe's curve is to show it.
    stage
        Opens a named stage around each step.

    Raises
    ------
    InputError
        The training cells carry fewer than two labels, or none that a validation cell carries.
    """
    if protocol.stops_on == "test":
        split = split.without_validation()
    train, test = split.rows(TRAINING), split.rows(TEST)
    held_out = split.rows(TEST if protocol.stops_on == "test" else VALIDATION)
    # A cell whose label cannot be learnt is never right: it would stop training at once, and
    # take every probability for overconfident.
    is_learnt_n = np.isin(labels.codes_n, learnt_codes(labels, train))
    held_out, unwatched = held_out[is_learnt_n[held_out]], held_out[~is_learnt_n[held_out]]
    if not len(held_out):
        raise InputError("no validation cell carries a label that a training cell has")
    notes = (
        *split.notes,
        *_unlearnt(labels, test[~is_learnt_n[test]], "test cells"),
        *_unlearnt(labels, unwatched, "cells, left out of stopping and calibration,"),
    )
    with stage(f"{protocol.name}: features"):
        if protocol.fitted_on == "training":
            space = fit_feature_space(counts.counts_ng[train], counts.total_n[train], config)
        else:
            space = whole or fit_feature_space(counts.counts_ng, counts.total_n, config)
        scaled = space.scale(counts.counts_ng, counts.total_n)
        features: dict[str, NDArray[np.float32] | ScaledCounts]
        pcs_nc = space.project(scaled)
        features = {"pca": pcs_nc, "hvg": scaled}

    trained: dict[str, Trained] = {}
    for name in config.recipe:
        with stage(f"{protocol.name}: {name}"):
            recipe = RECIPES[name] if curves else replace(RECIPES[name], extra_epochs=0)
            trained[name] = _train_network(
                recipe,
                features[recipe.features],
                labels,
                train=train,
                held_out=held_out,
                test=test,
                config=config,
                calibrated=protocol.calibrates,
            )
    for name in baselines:
        with stage(f"{protocol.name}: {name}"):
            # A linear model of scaled genes needs no constant row: it has an intercept.
            x = pcs_nc if BASELINES[name].features == "pca" else scaled.difference_ng
            prediction = predict_baseline(
                name,
                x[train],
                labels.codes_n[train],
                query_nf=x,
                n_labels=len(labels.names),
                config=config,
            )
            probability_nk = prediction.probability_nk
            trained[name] = Trained(
                prediction.predicted_n,
                test_probability_nk=None if probability_nk is None else probability_nk[test],
            )
    tier = protocol.tier(labels.origin)
    return ProtocolRun(protocol, tier, labels, split, space, trained, {}, notes)


def _judge(one: ProtocolRun, config: RunConfig) -> dict[str, Evaluation]:
    train, test = one.split.rows(TRAINING), one.split.rows(TEST)
    evaluations = {}
    for name, trained in one.trained.items() if len(test) else ():
        right = trained.predicted_n[train] == one.labels.codes_n[train]
        # Under a protocol that stops on test cells, a probability is no claim about others.
        calibrated = one.protocol.calibrates
        evaluation = evaluate_predictions(
            one.labels.codes_n[test],
            trained.predicted_n[test],
            one.labels.names,
            config=config,
            train_accuracy=float(right.mean()),
            n_train=len(train),
            probability_nk=trained.test_probability_nk if calibrated else None,
            uncalibrated_nk=trained.test_uncalibrated_nk if calibrated else None,
        )
        # Cells of one donor fare alike: an interval over cells would be too narrow for others.
        by_groups = one.protocol.tests_on == "groups"
        evaluations[name] = evaluation.without_intervals() if by_groups else evaluation
    return evaluations


def _unlearnt(labels: Labels, rows: NDArray[np.int64], what: str) -> tuple[str, ...]:
    """Name the labels of cells that no training cell shares a label with, if there are any."""
    if not len(rows):
        return ()
    names = ", ".join(labels.names[code] for code in np.unique(labels.codes_n[rows]))
    return (f"{len(rows):,} {what} carry labels that no training cell has: {names}",)


def _train_network(
    recipe: Recipe,
    x: NDArray[np.float32] | ScaledCounts,
    labels: Labels,
    *,
    train: NDArray[np.int64],
    held_out: NDArray[np.int64],
    test: NDArray[np.int64],
    config: RunConfig,
    calibrated: bool,
) -> Trained:
    """Train one recipe on the rows ``train``, watching ``held_out``; predict every cell."""
    cells = Examples(x, labels.codes_n)
    fit = fit_network(
        recipe,
        cells.rows(train),
        cells.rows(held_out),
        n_labels=len(labels.names),
        config=config,
    )
    logits_nk = logits(fit.network, x)
    predicted_n = logits_nk.argmax(axis=1)
    if not calibrated:
        return Trained(predicted_n, fit)
    temperature = fit_temperature(logits_nk[held_out], labels.codes_n[held_out])
    probability_nk = softmax(logits_nk / temperature, axis=1)
    return Trained(
        predicted_n,
        fit,
        probability_n=probability_nk.max(axis=1),
        temperature=temperature,
        test_probability_nk=probability_nk[test],
        test_uncalibrated_nk=softmax(logits_nk[test], axis=1),
    )
