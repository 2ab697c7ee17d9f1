"""The audit: raw counts and settings in; the whole ladder of evidence, with its verdicts, out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scbaseline.aside import Here, results_of
from scbaseline.cells.space import fit_feature_space
from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.learn.baselines import BASELINES
from scbaseline.stages import timed_stages
from scbaseline.study.crossval import FoldJob, fit_folds, fold_jobs, fold_pool
from scbaseline.study.labels import labels_from_clusters
from scbaseline.study.out_of_fold import FoldFit, OutOfFold
from scbaseline.study.plan import (
    applicable,
    begin_halves,
    draw_nulls,
    require_any,
    split_once,
    split_repeatedly,
    trusted,
    views_of,
)
from scbaseline.study.preparation import Prepared, prepare, warn_of_batches
from scbaseline.study.protocols import PROTOCOLS, Protocol
from scbaseline.study.split import Split
from scbaseline.study.verdicts import Audit, judge_ladder
from scbaseline.study.views import View, cluster_counts, whole_view

if TYPE_CHECKING:
    from anndata import AnnData

Fits = Callable[[str, int, int], None]
"""Told the current stage, the fits that are done, and the fits in all."""


def audit_classifiers(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    progress: Callable[[str], None] | None = None,
    fits: Fits | None = None,
) -> Audit:
    """Judge every recipe under every protocol, by repeated cross-validation.

    Each protocol is fitted ``config.folds`` × ``config.repeats`` times, the structureless
    controls once per draw. Labels with fewer cells than folds are left out.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``. It is not changed.
    config
        The settings; without chosen protocols, all of the table.
    progress
        Called with each stage's name when the stage begins.
    fits
        Called after each fit.

    Raises
    ------
    InputError
        The counts cannot be used; the message says why and what to do.
    ConfigError
        A setting cannot work on this machine.
    """
    config = (config or RunConfig()).with_protocols(PROTOCOLS)
    # A label with fewer cells than folds would be missing from some of the tests; and each
    # repeat of the halves is a draw of its own.
    least = max(config.min_cells_per_label, config.folds)
    config = replace(config, min_cells_per_label=least, draws=config.repeats)
    timings: dict[str, float] = {}
    stage = timed_stages(timings, progress, config.threads)
    prepared = prepare(adata, config, stage)
    chosen, not_applicable = applicable(config, prepared)
    warn_of_batches(prepared.cells.adata.obs, config)
    labels, trust, whole = prepared.labels, None, None
    with stage("clusters of thinned halves"):
        halves = results_of(begin_halves(chosen, prepared, config, Here()))
    if labels is None:
        with stage("clusters of all cells"):
            clustering = cluster_counts(prepared.counts, config)
            clustering, trust = trusted(clustering, config, halves=halves)
        labels, whole = labels_from_clusters(clustering.clusters_n, config), clustering.space
    with stage("clusters of structureless counts"):
        nulls = draw_nulls(chosen, prepared, config)
    if whole is None and any(p.fitted_on == "all cells" for p in chosen):
        with stage("genes and PCA of all cells"):
            counts = prepared.counts
            whole = fit_feature_space(counts.counts_ng, counts.total_n, config)
    observed = whole_view(prepared.counts, labels, whole)
    views = {
        protocol.name: _labelled(
            protocol,
            # The same counts are repeated with other folds; drawn counts are drawn anew.
            views_of(
                protocol,
                observed=[replace(observed, draw=repeat) for repeat in range(config.repeats)],
                halves=halves,
                nulls=nulls,
            ),
            not_applicable,
        )
        for protocol in chosen
    }
    jobs: list[FoldJob] = []
    for protocol in chosen:
        try:
            jobs += _jobs(protocol, views[protocol.name], prepared=prepared, config=config)
        except InputError as error:  # groups that cannot be split; the other protocols can be run
            not_applicable[protocol.name] = str(error)
    require_any([job.protocol.name for job in jobs], not_applicable)
    with stage("cross-validation"):
        found = _fit_all(chosen, views, jobs=jobs, config=config, fits=fits)
    with stage("intervals, comparisons and verdicts"):
        return judge_ladder(
            found,
            prepared=prepared,
            config=config,
            labels=labels,
            trust=trust,
            not_applicable=not_applicable,
            timings=timings,
        )


def _labelled(
    protocol: Protocol, views: Sequence[View], not_applicable: dict[str, str]
) -> list[View]:
    """Leave out draws that gave one cluster; without any other, say why there are no figures."""
    labelled = [view for view in views if protocol.labels_from in view.labels]
    if not labelled:
        not_applicable[protocol.name] = views[0].unlabelled[protocol.labels_from]
    return labelled


def _jobs(
    protocol: Protocol, views: Sequence[View], *, prepared: Prepared, config: RunConfig
) -> list[FoldJob]:
    """Split each draw or repeat of a protocol; return one job per fit."""
    jobs: list[FoldJob] = []
    for repeat, view in enumerate(views):
        drawn = replace(config, seed=config.seed + view.draw)
        splits: tuple[Split, ...]
        if protocol.structureless:
            splits = (split_once(protocol, view, groups=None, config=drawn),)
        else:
            splits = split_repeatedly(protocol, view, groups=prepared.groups, config=drawn)
        jobs += fold_jobs(
            protocol,
            view.counts[protocol.features_from],
            view.labels[protocol.labels_from],
            splits=splits,
            repeat=0 if protocol.structureless else repeat,
            config=drawn,
            baselines=tuple(BASELINES),
            whole=view.whole,
        )
    return jobs


def _fit_all(
    chosen: Sequence[Protocol],
    views: dict[str, list[View]],
    *,
    jobs: Sequence[FoldJob],
    config: RunConfig,
    fits: Fits | None,
) -> dict[str, list[OutOfFold]]:
    """Fit every fold; return per protocol one set of out-of-fold predictions, or one per draw."""
    n_done = 0

    def done(fold: FoldFit) -> None:
        nonlocal n_done
        n_done += 1
        if fits is not None:
            fits(fold.protocol, n_done, len(jobs))

    if fits is not None:
        fits(jobs[0].protocol.name, 0, len(jobs))
    with fold_pool(config) as pool:
        folds = fit_folds(jobs, done=done, pool=pool)
    found: dict[str, list[OutOfFold]] = {}
    for protocol in chosen:
        mine = [fold for fold in folds if fold.protocol == protocol.name]
        labels_r = tuple(view.labels[protocol.labels_from] for view in views[protocol.name])
        if protocol.structureless:
            found[protocol.name] = [
                OutOfFold(protocol, (labels,), (fold,))
                for labels, fold in zip(labels_r, mine, strict=True)
            ]
        elif mine:
            found[protocol.name] = [OutOfFold(protocol, labels_r, tuple(mine))]
    return found
