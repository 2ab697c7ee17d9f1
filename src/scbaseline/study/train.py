"""Labelled counts in; one classifier for use, and what a cross-validation says of it, out."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scbaseline.config import RunConfig
from scbaseline.judge.scores import Evaluation, evaluate_predictions
from scbaseline.learn.recipes import RECIPES
from scbaseline.stages import timed_stages
from scbaseline.study.assemble import build_classifier
from scbaseline.study.crossval import fit_folds, fold_jobs
from scbaseline.study.fit import STANDARD_BASELINES, run_protocol
from scbaseline.study.group_scores import scores_by_group
from scbaseline.study.out_of_fold import OutOfFold, compare_with_reference
from scbaseline.study.plan import split_repeatedly
from scbaseline.study.preparation import Prepared, prepare, require_one_model
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.results import Training
from scbaseline.study.split import split_without_test
from scbaseline.study.views import whole_view

if TYPE_CHECKING:
    from anndata import AnnData


def train_classifier(
    adata: "AnnData",
    config: RunConfig,
    *,
    progress: Callable[[str], None] | None = None,
) -> Training:
    """Train one classifier on all labelled cells, and judge its recipe by cross-validation.

    The classifier's own training leaves out a validation part, which stops and calibrates
    it, and has no test cells: its figures are those of ``config.folds`` other fits of the
    same recipe, each judged on cells that it had not seen; with a group key, on groups that
    it had not seen.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``, with labels in ``obs[config.label_key]``.
    config
        The settings, with ``label_key`` and exactly one recipe.
    progress
        Called with each stage's name when the stage begins.

    Raises
    ------
    ConfigError
        No label key, or not exactly one recipe.
    InputError
        The counts or the labels cannot be used; the message says why and what to do.
    """
    require_one_model(config)
    # A label with fewer cells than folds would be missing from some of the tests.
    config = replace(config, min_cells_per_label=max(config.min_cells_per_label, config.folds))
    timings: dict[str, float] = {}
    stage = timed_stages(timings, progress, config.threads)
    prepared = prepare(adata, config, stage)
    if prepared.labels is None:
        raise AssertionError("with a label key there are labels")
    labels, counts, recipe = prepared.labels, prepared.counts, config.recipe[0]
    with stage(f"{config.folds}-fold cross-validation"):
        found = _cross_validate(prepared, config)
    evaluations = {name: _evaluate(found, name, config) for name in found.classifiers}
    with stage("the model itself"):
        one = run_protocol(
            PROTOCOLS["inductive"],
            counts,
            labels,
            split=split_without_test(labels.codes_n, config),
            config=config,
        )
    tier = found.protocol.tier(labels.origin)
    one = replace(one, protocol=found.protocol, tier=tier, evaluations=evaluations)
    n_folds = len(found.folds)
    classifier = build_classifier(
        RECIPES[recipe],
        one,
        prepared.cells.adata,
        data=prepared.data,
        config=config,
        judged=f"{n_folds}-fold cross-validation of the same recipe"
        + (f" by {config.group_key}" if prepared.groups else "")
        + "; the model itself has no test cells"
        + (_NOT_BY_GROUP if prepared.groups else ""),
    )
    return Training(
        config=config,
        data=prepared.data,
        cells=prepared.cells,
        labels=labels,
        tier=tier,
        n_folds=n_folds,
        evaluations=evaluations,
        difference=compare_with_reference(found, recipe),
        by_group=()
        if prepared.groups is None
        else scores_by_group(found.true_rn[0], found.predicted_rn(recipe)[0], prepared.groups),
        notes=found.notes,
        classifier=classifier,
        timings=timings,
    )


# A label may live in one group alone: to hold a group out of the model could cost it the label.
_NOT_BY_GROUP = (
    "; it stops and is calibrated on cells of groups that it was trained on, so that on others"
    " its probabilities may be surer than those of the cross-validation"
)


def _cross_validate(prepared: Prepared, config: RunConfig) -> OutOfFold:
    if prepared.labels is None:
        raise AssertionError("cross-validation needs labels")
    protocol = PROTOCOLS["group" if prepared.groups else "inductive"]
    view = whole_view(prepared.counts, prepared.labels)
    jobs = fold_jobs(
        protocol,
        prepared.counts,
        prepared.labels,
        splits=split_repeatedly(protocol, view, groups=prepared.groups, config=config),
        repeat=0,
        config=config,
        baselines=STANDARD_BASELINES,
    )
    return OutOfFold(protocol, (prepared.labels,), tuple(fit_folds(jobs)))


def _evaluate(found: OutOfFold, name: str, config: RunConfig) -> Evaluation:
    """Score every judged cell's out-of-fold prediction."""
    true_n, predicted_n = found.true_rn[0], found.predicted_rn(name)[0]
    judged = true_n >= 0
    probability, uncalibrated = (
        None if one is None else one[0][judged]
        for one in (
            found.probability_r(name),
            found.probability_r(name, calibrated=False),
        )
    )
    evaluation = evaluate_predictions(
        true_n[judged],
        predicted_n[judged],
        found.labels_r[0].names,
        config=config,
        train_accuracy=float(np.mean([fold.train_accuracy[name] for fold in found.folds])),
        n_train=round(found.n_train),
        probability_nk=probability,
        uncalibrated_nk=uncalibrated,
    )
    # Cells of one donor fare alike: an interval over cells would be too narrow for others.
    return evaluation.without_intervals() if found.protocol.tests_on == "groups" else evaluation
