"""The straight line: raw counts and settings in; clusters, classifiers and their scores out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scbaseline.config import RunConfig
from scbaseline.explore import Exploration, begin_layout, scanpy_uns
from scbaseline.labels import Groups, labels_from_clusters
from scbaseline.networks import RECIPES
from scbaseline.plan import (
    applicable,
    draw_halves,
    draw_nulls,
    require_any,
    split_once,
    trusted,
    views_of,
)
from scbaseline.preparation import prepare, warn_of_batches
from scbaseline.protocols import SHORT, Protocol
from scbaseline.results import ProtocolRun, Run
from scbaseline.split import TEST
from scbaseline.stages import Stage, timed_stages
from scbaseline.views import View, cluster_counts, whole_view

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
    config = (config or RunConfig()).with_protocols(SHORT)
    timings: dict[str, float] = {}
    stage = timed_stages(timings, progress, config.threads)
    prepared = prepare(adata, config, stage)
    chosen, not_applicable = applicable(config, prepared)
    warn_of_batches(prepared.cells.adata.obs, config)
    with stage("genes, PCA, neighbours and clusters of all cells"):
        clustering = cluster_counts(prepared.counts, config)
    # The layout is for the eye alone: it is made beside what follows, not before it.
    layout = begin_layout(clustering.graph, clustering.pcs_nc, config)
    with stage("loading torch and scikit-learn"):  # beside the layout, not before it
        from scbaseline.assemble import build_classifier
        from scbaseline.group_scores import scores_by_group
    labels, trust = prepared.labels, None
    with stage("clusters of thinned halves"):
        halves = draw_halves(chosen, prepared, config)
    if labels is None:
        with stage("clusters under other seeds and resolutions"):
            clustering, trust = trusted(clustering, config, halves=halves)
        labels = labels_from_clusters(clustering.clusters_n, config)
    with stage("clusters of structureless counts"):
        nulls = draw_nulls(chosen, prepared, config)
    observed = whole_view(prepared.counts, labels, clustering.space)
    draws: dict[str, tuple[ProtocolRun, ...]] = {}
    for protocol in chosen:
        views = views_of(protocol, observed=(observed,), halves=halves, nulls=nulls)
        ones = _run_draws(protocol, views, groups=prepared.groups, config=config, stage=stage)
        if ones:
            draws[protocol.name] = ones
        else:
            not_applicable[protocol.name] = views[0].unlabelled[protocol.labels_from]
    require_any(list(draws), not_applicable)
    classifiers = {
        recipe: build_classifier(
            RECIPES[recipe],
            ones[0],
            prepared.cells.adata,
            data=prepared.data,
            config=config,
            judged="test cells, which this model has not seen",
        )
        for ones in draws.values()
        if ones[0].protocol.saves_models
        for recipe in config.recipe
    }
    by_group = {}
    if "group" in draws and prepared.groups is not None:
        one = draws["group"][0]
        test = one.split.rows(TEST)
        for recipe in config.recipe:
            predicted_n = np.full(len(labels.codes_n), -1)
            predicted_n[test] = one.trained[recipe].predicted_n[test]
            by_group[recipe] = scores_by_group(labels.codes_n, predicted_n, prepared.groups)
    return Run(
        config=config,
        data=prepared.data,
        cells=prepared.cells,
        space=clustering.space,
        exploration=Exploration(
            clustering.pcs_nc,
            clustering.clusters_n,
            layout,
            clustering.graph,
            scanpy_uns(clustering.graph, config),
        ),
        trust=trust,
        labels=labels,
        draws=draws,
        not_applicable=not_applicable,
        by_group=by_group,
        classifiers=classifiers,
        timings=timings,
    )


def _run_draws(
    protocol: Protocol,
    views: Sequence[View],
    *,
    groups: Groups | None,
    config: RunConfig,
    stage: Stage,
) -> tuple[ProtocolRun, ...]:
    """Run one protocol on each of its draws that could be labelled."""
    from scbaseline.fitting import run_protocol

    ones = []
    for view in views:
        if protocol.labels_from in view.labels:
            drawn = replace(config, seed=config.seed + view.draw)
            ones.append(
                run_protocol(
                    protocol,
                    view.counts[protocol.features_from],
                    view.labels[protocol.labels_from],
                    split=split_once(protocol, view, groups=groups, config=drawn),
                    config=drawn,
                    whole=view.whole,
                    curves=protocol.saves_models,  # the others' are not drawn
                    stage=stage,
                )
            )
    return tuple(ones)
