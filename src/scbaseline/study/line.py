"""The one line that every command follows: counts in; labels, fits and evidence out.

``run``, ``audit`` and ``train`` (in memory and from disk) differ in how cells are split, in
which protocols and recipes they take, and in what they keep. All else is here.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.clustering import Clustering, cluster, find_neighbours
from scbaseline.cells.marker_table import read_marker_table
from scbaseline.cells.neighbours import NeighbourGraph
from scbaseline.cells.space import FeatureSpace, fit_feature_space
from scbaseline.cells.trust import ClusterTrust
from scbaseline.cells.umap import umap_layout
from scbaseline.compute import Pool, Task, open_pool
from scbaseline.config import RunConfig
from scbaseline.learn.recipes import FIT_MODULES
from scbaseline.ranks import ALONE, Ranks
from scbaseline.stages import Stages
from scbaseline.study.draws import Draw, Draws, begin_halves, begin_structureless
from scbaseline.study.evidence import Evidence
from scbaseline.study.fit import Fit, Job, fit_job
from scbaseline.study.judging import judge_fits
from scbaseline.study.labels import Labels, labels_from_clusters
from scbaseline.study.names import ClusterNames, begin_names, named_labels
from scbaseline.study.plan import Plan, applicable, jobs_of
from scbaseline.study.prepare import Prepared, prepare
from scbaseline.study.protocols import Protocol
from scbaseline.study.stability import trusted

if TYPE_CHECKING:
    from anndata import AnnData

Progress = Callable[[int, int], None]
"""Called with the number of fits that are done, and the number in all."""


@dataclass(frozen=True, eq=False)
class Study:
    """What the line yields.

    Attributes
    ----------
    cells
        The kept cells, their counts, given labels and groups.
    labels
        What was learnt on all counts.
    clustering
        Neighbours and Leiden clusters of all kept cells; ``None`` where no one needs them.
    trust
        How far each cluster is found again; ``None`` where labels were given.
    names
        What each cluster may be, and why; ``None`` where cells were not clustered.
    umap_n2
        Coordinates of each cell in the plane; ``None`` where they were not asked for.
    fits
        Every fit, protocol by protocol.
    evidence
        What the fits show.
    """

    cells: Prepared
    labels: Labels
    clustering: Clustering | None
    trust: ClusterTrust | None
    names: ClusterNames | None
    umap_n2: NDArray[np.float32] | None
    fits: tuple[Fit, ...]
    evidence: Evidence


def follow(
    adata: "AnnData",
    config: RunConfig,
    stages: Stages,
    *,
    plan: Plan,
    labels: Labels | None = None,
    pool: Pool | None = None,
    fitted: Progress | None = None,
    ranks: Ranks = ALONE,
    checkpoint: Path | None = None,
) -> Study:
    """Follow the line from raw counts to evidence.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in memory or as ``open_counts`` gives them. Not changed.
    config
        Settled settings: protocols and recipes are chosen.
    stages
        Opens a named stage around each step.
    plan
        How cells are split, and what is wanted beside the evidence.
    labels
        What to learn on all counts; by default the given column, or the Leiden clusters.
    pool
        Background processes; by default as many as there are processors, for this call.
    fitted
        Called after each fit.
    ranks
        Those that share the cells, where counts are on disk. All of them return the same.
    checkpoint
        A folder in which networks' training is kept from epoch to epoch.

    Raises
    ------
    InputError, ConfigError
        The counts, the labels or a setting cannot be used; the message says what to do.
    """
    with nullcontext(pool) if pool else open_pool(config.threads, modules=FIT_MODULES) as pool:
        table = read_marker_table(config.markers)
        cells = prepare(adata, config, stages, ranks=ranks)
        if config.markers is not None:
            table.require_some(tuple(map(str, cells.cells.var.index)))
        labels = labels or cells.labels
        protocols, not_applicable = applicable(config, cells, labels)
        halves = begin_halves(protocols, cells, config, pool)
        nulls = begin_structureless(protocols, cells, config, pool)
        clustering, layout, trust = None, None, None
        if plan.explore or labels is None:
            clustering, layout = _explore(cells, config, stages, pool, layout=plan.explore)
        halves_drawn = _results(halves, stages)
        if clustering is not None and labels is None:
            clustering, trust, labels = _label(clustering, halves_drawn, config, stages)
        if labels is None:
            raise AssertionError("labels are given, or are clusters")
        naming = None
        if clustering is not None:
            naming = begin_names(
                clustering.clusters_n, cells, table, config, pool, halves=halves_drawn
            )
        space = _space_of_all_cells(protocols, cells, config, stages, clustering)
        observed = Draw(0, {"all": cells.counts}, {"all": labels}, space=space)
        draws = Draws(observed, halves_drawn, _results(nulls, stages))
        jobs, cannot = jobs_of(protocols, draws, plan, config, groups=cells.groups)
        jobs = [replace(job, ranks=ranks, checkpoint=checkpoint) for job in jobs]
        fits = _fit_all(jobs, stages, pool, fitted)
        names = None if naming is None else naming.result(stages)
        umap_n2 = None if layout is None else layout.result(stages)
    if names is not None and trust is not None:  # the clusters are the labels
        labels, fits = _under_names(labels, fits, names)
    with stages("scores, intervals and verdicts"):
        evidence = judge_fits(
            fits, config, groups=cells.groups, not_applicable=not_applicable | cannot
        )
    return Study(cells, labels, clustering, trust, names, umap_n2, tuple(fits), evidence)


def _under_names(
    labels: Labels, fits: Sequence[Fit], names: ClusterNames
) -> tuple[Labels, list[Fit]]:
    """Call the clusters by their names; those of drawn counts keep numbers of their own."""
    labels = named_labels(labels, names.title_of)
    fits = [fit if fit.protocol.draws_counts else replace(fit, labels=labels) for fit in fits]
    return labels, fits


def _explore(
    cells: Prepared, config: RunConfig, stages: Stages, pool: Pool, *, layout: bool
) -> tuple[Clustering, Task[NDArray[np.float32]] | None]:
    """Cluster all cells; begin their layout, which is for the eye alone, beside what follows."""
    with stages("genes, PCA and neighbours of all cells"):
        neighbourhood = find_neighbours(cells.counts, config)
    task = None
    if layout:
        graph, pcs_nc = neighbourhood.graph, neighbourhood.pcs_nc
        task = pool.submit(partial(_lay_out, graph, pcs_nc, config))
    with stages("clusters of all cells"):
        return cluster(neighbourhood, config), task


def _label(
    clustering: Clustering, halves: Sequence[Draw], config: RunConfig, stages: Stages
) -> tuple[Clustering, ClusterTrust, Labels]:
    """Say how far each cluster is found again, merge if asked to, and take them as labels."""
    with stages("clusters under other seeds and resolutions"):
        clusters_of = [draw.clusters for draw in halves]
        clustering, trust = trusted(clustering, config, halves=clusters_of)
    return clustering, trust, labels_from_clusters(clustering.clusters_n, config)


def _lay_out(
    graph: NeighbourGraph, pcs_nc: NDArray[np.float32], config: RunConfig, stages: Stages
) -> NDArray[np.float32]:
    with stages("UMAP"):
        return umap_layout(graph, pcs_nc, config)


def _space_of_all_cells(
    protocols: Sequence[Protocol],
    cells: Prepared,
    config: RunConfig,
    stages: Stages,
    clustering: Clustering | None,
) -> FeatureSpace | None:
    """Return the features of all cells where a protocol takes them; fit them once."""
    if clustering is not None:
        return clustering.space
    if not any(p.fitted_on == "all cells" and not p.structureless for p in protocols):
        return None
    with stages("genes and PCA of all cells"):
        return fit_feature_space(cells.counts, config)


def _results(tasks: Sequence[Task[Draw]], stages: Stages) -> tuple[Draw, ...]:
    return tuple([task.result(stages) for task in reversed(tasks)][::-1])


def _fit_all(jobs: Sequence[Job], stages: Stages, pool: Pool, fitted: Progress | None) -> list[Fit]:
    """Fit every job, on one thread each, so that their place and number change no digit."""
    if len(jobs) > 1:
        jobs = [replace(job, config=replace(job.config, threads=1)) for job in jobs]
    # A fit that is alone is made here, where it may use more threads; so are fits on counts
    # from disk, since an open file cannot be sent to another process.
    if len(jobs) == 1 or not all(job.counts.in_memory for job in jobs):
        pool = Pool(0)
    report = fitted or (lambda *_: None)
    report(0, len(jobs))
    # Drawn counts first: the main process works from the end, and keeps the models there.
    order = sorted(range(len(jobs)), key=lambda k: not jobs[k].protocol.draws_counts)
    fits = pool.run_all(
        [partial(fit_job, jobs[k]) for k in order],
        stages,
        done=lambda n_done: report(n_done, len(jobs)),
    )
    by_job = dict(zip(order, fits, strict=True))
    return [replace(by_job[k], labels=job.labels) for k, job in enumerate(jobs)]
