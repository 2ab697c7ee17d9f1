"""The straight line: raw counts and settings in; clusters, classifiers and their scores out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbaseline.assemble import build_classifier
from scbaseline.config import RunConfig
from scbaseline.data.check import check_counts
from scbaseline.data.provenance import provenance_of
from scbaseline.errors import ConfigError
from scbaseline.evaluate import evaluate_predictions
from scbaseline.explore import explore_cells
from scbaseline.features import fit_feature_space
from scbaseline.fitting import Stage, run_protocol, totals
from scbaseline.labels import Labels, check_label_key, labels_from_clusters, labels_from_column
from scbaseline.networks import RECIPES
from scbaseline.protocols import PROTOCOLS
from scbaseline.qc import FilteredCells, filter_cells
from scbaseline.results import DataInfo, Run, Training
from scbaseline.split import (
    TEST,
    TRAINING,
    split_cells,
    split_folds,
    split_without_test,
)
from scbaseline.threads import limit_threads
from scbaseline.train import choose_device

if TYPE_CHECKING:
    from anndata import AnnData


def run(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> Run:
    """Take raw counts to clusters, trained classifiers and their scores.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``. It is not changed.
    config
        The settings; the defaults are those of the field's tutorials.
    progress
        Called with each stage's name when the stage begins.

    Raises
    ------
    InputError
        The counts cannot be used; the message says why and what to do.
    ConfigError
        A setting cannot work on this machine.
    """
    config = config or RunConfig()
    timings: dict[str, float] = {}
    stage = stages(timings, progress, config.threads)
    data, cells, given = _prepare(adata, config, stage)
    with stage("genes and PCA of all cells"):
        counts_ng, total_n = cells.adata.X, totals(cells.adata)
        whole = fit_feature_space(counts_ng, total_n, config)
        pcs_nc = whole.project(whole.scale(counts_ng, total_n))
    with stage("neighbours, Leiden, UMAP"):
        exploration = explore_cells(pcs_nc, config)
    labels = given or labels_from_clusters(exploration.clusters_n, config)
    split = split_cells(labels.codes_n, config)
    protocols = {
        name: run_protocol(
            PROTOCOLS[name],
            cells.adata,
            labels,
            split=split,
            config=config,
            whole=whole,
            stage=stage,
        )
        for name in config.protocol
    }
    classifiers = {
        recipe: build_classifier(
            RECIPES[recipe],
            one,
            cells.adata,
            labels=labels,
            data=data,
            config=config,
            judged="test cells, which this model has not seen",
        )
        for one in protocols.values()
        if one.protocol.saves_models
        for recipe in config.recipe
    }
    return Run(config, data, cells, whole, exploration, labels, protocols, classifiers, timings)


def train_classifier(
    adata: "AnnData",
    config: RunConfig,
    *,
    progress: Callable[[str], None] | None = None,
) -> Training:
    """Train one classifier on all labelled cells, and judge its recipe by cross-validation.

    The classifier's own training leaves out a validation part, which stops and calibrates
    it, and has no test cells: its figures are those of ``config.folds`` other fits of the
    same recipe, each judged on cells that it had not seen.

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
    if config.label_key is None:
        raise ConfigError("label_key: none was given; name the column of obs to learn")
    if len(config.recipe) != 1:
        raise ConfigError(f"recipe: {len(config.recipe)} were given; a model is of one")
    timings: dict[str, float] = {}
    stage = stages(timings, progress, config.threads)
    data, cells, labels = _prepare(adata, config, stage)
    if labels is None:
        raise AssertionError("with a label key there are labels")
    protocol, recipe = PROTOCOLS["inductive"], RECIPES[config.recipe[0]]

    folds = split_folds(labels.codes_n, config)
    out_of_fold: dict[str, NDArray[np.int64]] = {}
    right: dict[str, list[float]] = {}
    for number, fold in enumerate(folds, start=1):
        with stage(f"fold {number} of {len(folds)}"):
            one = run_protocol(protocol, cells.adata, labels, split=fold, config=config)
        test, train = fold.rows(TEST), fold.rows(TRAINING)
        for name, trained in one.trained.items():
            codes_n = out_of_fold.setdefault(name, np.full(cells.adata.n_obs, -1))
            codes_n[test] = trained.predicted_n[test]
            right.setdefault(name, []).append(
                float((trained.predicted_n[train] == labels.codes_n[train]).mean())
            )
    known = labels.codes_n >= 0
    evaluations = {
        name: evaluate_predictions(
            labels.codes_n[known],
            codes_n[known],
            labels.names,
            config=config,
            train_accuracy=float(np.mean(right[name])),
            n_train=round(np.mean([len(fold.rows(TRAINING)) for fold in folds])),
        )
        for name, codes_n in out_of_fold.items()
    }
    with stage("the model itself"):
        split = split_without_test(labels.codes_n, config)
        one = run_protocol(protocol, cells.adata, labels, split=split, config=config)
        one = replace(one, evaluations=evaluations)
        classifier = build_classifier(
            recipe,
            one,
            cells.adata,
            labels=labels,
            data=data,
            config=config,
            judged=f"{len(folds)}-fold cross-validation of the same recipe; "
            "the model itself has no test cells",
        )
    return Training(config, data, cells, labels, one.tier, evaluations, classifier, timings)


def _prepare(
    adata: "AnnData", config: RunConfig, stage: Stage
) -> tuple[DataInfo, FilteredCells, Labels | None]:
    """Check the counts, keep the cells worth keeping, and read given labels."""
    choose_device(config.device)  # a missing GPU is said now, not after the slow steps
    with stage("check"):
        checked = check_counts(adata, total_key=config.total_key)
        data = _describe(checked)
        check_label_key(adata.obs, config)  # before quality control can say anything else
    with stage("quality control"):
        cells = filter_cells(checked, config)
    if config.label_key is None:
        return data, cells, None
    # From the input's own obs: quality control has written into the other.
    kept = cells.metrics["kept"].to_numpy()
    return data, cells, labels_from_column(adata.obs[kept], config)


def _describe(adata: "AnnData") -> DataInfo:
    origin = provenance_of(adata)  # brought up to date by check_counts
    return DataInfo(
        name=origin.name,
        title=origin.title,
        licence=origin.licence,
        citation=origin.citation,
        fingerprint=origin.fingerprint,
        notice=origin.notice,
        embedded=origin.embedded,
        total_key=origin.total_key,
        n_cells=adata.n_obs,
        n_genes=adata.n_vars,
        n_counts=int(adata.X.sum(dtype=np.float64)),
        n_other_features=origin.n_other_features,
        notes=origin.notes,
    )


def stages(
    timings: dict[str, float], progress: Callable[[str], None] | None, threads: int | None
) -> Stage:
    """Return what opens a named stage: it is reported, timed, and kept to its threads."""

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if progress is not None:
            progress(name)
        start = time.perf_counter()
        # Set anew for each stage: a library that a stage loads brings a pool of its own.
        with limit_threads(threads):
            yield
        timings[name] = time.perf_counter() - start

    return stage
