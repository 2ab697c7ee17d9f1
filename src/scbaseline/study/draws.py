"""Counts of the kept cells in; the draws that protocols run on, each with its labels, out.

A draw is the counts as they are, two thinned halves of them, or structureless counts like
them. Halves may be clustered in background processes while the main one explores all counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.clustering import Clustering, cluster_counts
from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.thinning import structureless_counts, thin_counts
from scbaseline.cells.trust import merge_unstable
from scbaseline.compute import Pool, Task
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.randomness import Stream, generator
from scbaseline.stages import Stages
from scbaseline.study.labels import Labels, labels_from_clusters
from scbaseline.study.prepare import Prepared
from scbaseline.study.protocols import CountsName, Protocol
from scbaseline.study.stability import other_clusterings


@dataclass(frozen=True, eq=False)
class Draw:
    """The counts of one draw, and the labels that were made from them.

    Attributes
    ----------
    number
        From 0.
    counts
        Name → counts.
    labels
        Name of the counts that they were made from → labels.
    unlabelled
        Name → why no labels could be made.
    clusters
        Name → Leiden cluster of each cell, before any is merged.
    space
        The feature space of all cells and all counts, where it is known.
    """

    number: int
    counts: dict[CountsName, Counts]
    labels: dict[CountsName, Labels]
    unlabelled: dict[CountsName, str] = field(default_factory=dict)
    clusters: dict[CountsName, NDArray[np.str_]] = field(default_factory=dict)
    space: FeatureSpace | None = None


def begin_halves(
    protocols: Sequence[Protocol], cells: Prepared, config: RunConfig, pool: Pool
) -> list[Task[Draw]]:
    """Begin to thin the counts ``config.draws`` times, where a protocol or a merge needs it."""
    wanted = any(p.labels_from == "half A" and not p.structureless for p in protocols)
    merging = config.merge_unstable and cells.labels is None and cells.whole_numbers
    if not wanted and not merging:
        return []
    return [
        pool.submit(partial(draw_halves, cells.counts, config, number=number))
        for number in range(config.draws)
    ]


def begin_structureless(
    protocols: Sequence[Protocol], cells: Prepared, config: RunConfig, pool: Pool
) -> list[Task[Draw]]:
    """Begin to draw structureless counts ``config.null_draws`` times, where needed."""
    names = {p.labels_from for p in protocols if p.structureless}
    if not names:
        return []
    return [
        pool.submit(
            partial(draw_structureless, cells.counts, config, number=number, names=frozenset(names))
        )
        for number in range(config.null_draws)
    ]


def draw_halves(
    counts: Counts,
    config: RunConfig,
    stages: Stages,
    *,
    number: int,
    both: bool = True,
    stream: Stream = Stream.THINNING,
) -> Draw:
    """Thin the counts into two halves and make labels from the first.

    Parameters
    ----------
    counts
        Whole numbers of counts.
    config
        The settings; with ``merge_unstable``, the clusters of the half are merged by what
        the half itself shows, so that the other one stays unseen.
    stages
        Opens a named stage.
    number
        Each draw thins anew.
    both
        Whether the second half is clustered, too.
    """
    with stages("clusters of thinned halves"):
        rng = generator(config.seed, stream, number)
        a, b = thin_counts(counts, rng, fraction=config.thin_fraction)
        clustering = cluster_counts(a, config)
        clusters: dict[CountsName, NDArray[np.str_]] = {"half A": clustering.clusters_n}
        if both:
            clusters["half B"] = cluster_counts(b, config).clusters_n
    merged_n = clustering.clusters_n
    if config.merge_unstable:
        plain = replace(config, merge_unstable=False)
        quarters = draw_halves(a, plain, stages, number=number, stream=Stream.QUARTERS)
        merged_n = _merged(clustering, config, [quarters])
    labels, unlabelled = _labelled("half A", merged_n, config)
    return Draw(number, {"half A": a, "half B": b}, labels, unlabelled, clusters)


def draw_structureless(
    counts: Counts,
    config: RunConfig,
    stages: Stages,
    *,
    number: int,
    names: frozenset[CountsName],
) -> Draw:
    """Draw structureless counts like the given ones, and label them as the real ones are.

    Unstable clusters are merged where those of the real counts are: merging leaves few
    clusters, which differ by depth, and depth alone then earns more.

    Parameters
    ----------
    counts
        The counts whose depths and gene frequencies are kept.
    config
        The settings.
    stages
        Opens a named stage.
    number
        Each draw is another one.
    names
        The counts that labels are wanted of: ``"all"``, ``"half A"`` or both.
    """
    with stages("clusters of structureless counts"):
        null = structureless_counts(counts, generator(config.seed, Stream.STRUCTURELESS, number))
        draw = Draw(number, {"all": null}, {})
        if "all" in names:
            clustering = cluster_counts(null, config)
            merged_n = clustering.clusters_n
            if config.merge_unstable:
                plain = replace(config, merge_unstable=False)
                halves = [draw_halves(null, plain, stages, number=k) for k in range(config.draws)]
                merged_n = _merged(clustering, config, halves)
            labels, unlabelled = _labelled("all", merged_n, config)
            draw = Draw(
                number, draw.counts, labels, unlabelled,
                {"all": clustering.clusters_n}, clustering.space,
            )  # fmt: skip
    if "half A" not in names:
        return draw
    halves_of_null = draw_halves(null, config, stages, number=number, both=False)
    return replace(
        draw,
        counts={**draw.counts, **halves_of_null.counts},
        labels={**draw.labels, **halves_of_null.labels},
        unlabelled={**draw.unlabelled, **halves_of_null.unlabelled},
        clusters={**draw.clusters, **halves_of_null.clusters},
    )


@dataclass(frozen=True, eq=False)
class Draws:
    """All draws of a study.

    Attributes
    ----------
    observed
        The counts as they are, with the study's labels.
    halves, structureless
        Thinned and structureless counts, with labels of their own.
    """

    observed: Draw
    halves: tuple[Draw, ...]
    structureless: tuple[Draw, ...]

    def of(self, protocol: Protocol) -> tuple[Draw, ...]:
        """Return what a protocol runs on."""
        if protocol.structureless:
            return self.structureless
        return self.halves if protocol.draws_counts else (self.observed,)


def _merged(clustering: Clustering, config: RunConfig, halves: Sequence[Draw]) -> NDArray[np.str_]:
    """Merge the clusters that other clusterings of the same cells do not find again."""
    others = other_clusterings(clustering, config, halves=[draw.clusters for draw in halves])
    return merge_unstable(clustering.clusters_n, others).clusters_n


def _labelled(
    name: CountsName, clusters_n: NDArray[np.str_], config: RunConfig
) -> tuple[dict[CountsName, Labels], dict[CountsName, str]]:
    """Take clusters as labels; one cluster is nothing to predict, which is a result."""
    try:
        return {name: labels_from_clusters(clusters_n, config)}, {}
    except InputError as error:
        return {}, {name: f"clusters of {name}: {error}"}
