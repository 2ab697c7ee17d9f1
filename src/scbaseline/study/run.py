"""The straight line: raw counts and settings in; clusters, classifiers and their scores out."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scbaseline.aside import Begun, Here, results_of
from scbaseline.cells.explore import Exploration, begin_layout, scanpy_uns
from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.thinning import Counts
from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.learn.recipes import RECIPES
from scbaseline.stages import Stage, timed_stages
from scbaseline.study.labels import Groups, Labels, labels_from_clusters
from scbaseline.study.plan import (
    applicable,
    begin_halves,
    draw_nulls,
    draws_counts,
    require_any,
    split_once,
    trusted,
    views_of,
)
from scbaseline.study.preparation import prepare, warn_of_batches
from scbaseline.study.protocols import SHORT, Protocol
from scbaseline.study.results import ProtocolRun, Run
from scbaseline.study.split import TEST, Split
from scbaseline.study.views import View, cluster, find_neighbours, whole_view

if TYPE_CHECKING:
    from anndata import AnnData

_FEW_BYTES = 2**28  # of counts: more would take the memory that many cells need


def run(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    progress: Callable[[str], None] | None = None,
    aside: Executor | None = None,
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
    aside
        Where drawn counts are clustered and judged while this process works on, as
        :func:`scbaseline.aside.second_process` opens it; by default, and for counts that are
        too many to be copied, all is done here.

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
    here = Here()
    beside = aside if aside is not None and prepared.counts.n_bytes < _FEW_BYTES else here
    with stage("clusters of thinned halves"):
        halves_begun = begin_halves(chosen, prepared, config, beside)
    with stage("genes, PCA and neighbours of all cells"):
        found = find_neighbours(prepared.counts, config)
    # The layout is for the eye alone: it is made beside what follows, not before it.
    layout = begin_layout(found.graph, found.pcs_nc, config)
    with stage("clusters of all cells"):
        clustering = cluster(found, config)
    with stage("loading torch and scikit-learn"):  # beside the layout, not before it
        from scbaseline.study.assemble import build_classifier
        from scbaseline.study.group_scores import scores_by_group
    labels, trust = prepared.labels, None
    with stage("clusters of thinned halves"):
        halves = results_of(halves_begun)
    if labels is None:
        with stage("clusters under other seeds and resolutions"):
            clustering, trust = trusted(clustering, config, halves=halves)
        labels = labels_from_clusters(clustering.clusters_n, config)
    with stage("clusters of structureless counts"):
        nulls = draw_nulls(chosen, prepared, config)
    observed = whole_view(prepared.counts, labels, clustering.space)
    views = {p.name: views_of(p, observed=(observed,), halves=halves, nulls=nulls) for p in chosen}
    begun = {}
    # What may go aside first, so that it goes on while the others are run here; on one thread
    # in either place, so that the place changes no digit.
    for protocol in sorted(chosen, key=draws_counts, reverse=True):
        drawn = draws_counts(protocol)
        try:
            with stage(f"{protocol.name}: drawn counts") if drawn else nullcontext():
                begun[protocol.name] = _begin_draws(
                    protocol,
                    views[protocol.name],
                    groups=prepared.groups,
                    config=replace(config, threads=1) if drawn else config,
                    place=beside if drawn else here,
                    stage=None if drawn else stage,
                )
        except InputError as error:  # groups that cannot be split; others can be run
            not_applicable[protocol.name] = str(error)
    draws: dict[str, tuple[ProtocolRun, ...]] = {}
    for protocol in chosen:
        if protocol.name in not_applicable:
            continue
        with stage(f"{protocol.name}: drawn counts") if draws_counts(protocol) else nullcontext():
            ones = results_of(begun[protocol.name])
        for name, seconds in (item for _, taken in ones for item in taken.items()):
            timings[name] = timings.get(name, 0.0) + seconds
        if ones:
            draws[protocol.name] = tuple(one for one, _ in ones)
        else:
            view = views[protocol.name][0]
            not_applicable[protocol.name] = view.unlabelled[protocol.labels_from]
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


def _begin_draws(
    protocol: Protocol,
    views: Sequence[View],
    *,
    groups: Groups | None,
    config: RunConfig,
    place: Executor,
    stage: Stage | None,
) -> list[Begun[tuple[ProtocolRun, dict[str, float]]]]:
    """Begin to run one protocol on each of its draws that could be labelled."""
    begun = []
    for view in views:
        if protocol.labels_from in view.labels:
            drawn = replace(config, seed=config.seed + view.draw)
            call = partial(
                _run_one,
                protocol,
                view.counts[protocol.features_from],
                view.labels[protocol.labels_from],
                split=split_once(protocol, view, groups=groups, config=drawn),
                config=drawn,
                whole=view.whole,
                stage=stage,
            )
            begun.append(Begun(place, call))
    return begun


def _run_one(
    protocol: Protocol,
    counts: Counts,
    labels: Labels,
    *,
    split: Split,
    config: RunConfig,
    whole: FeatureSpace | None,
    stage: Stage | None,
) -> tuple[ProtocolRun, dict[str, float]]:
    """Run one protocol; return also the seconds of its stages, where nobody else counts them."""
    from scbaseline.study.fit import run_protocol

    timings: dict[str, float] = {}
    one = run_protocol(
        protocol,
        counts,
        labels,
        split=split,
        config=config,
        whole=whole,
        curves=protocol.saves_models,  # the others' are not drawn
        stage=stage or timed_stages(timings, None, config.threads),
    )
    return one, timings
