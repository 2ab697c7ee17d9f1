"""Settings and prepared cells in; which protocols are run, on which draws and splits, out."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

from scbaseline.aside import Begun
from scbaseline.cells.trust import ClusterTrust, cluster_trust, merge_unstable
from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, InputError
from scbaseline.study.labels import Groups, Labels, learnt_codes
from scbaseline.study.preparation import Prepared
from scbaseline.study.protocols import CLUSTERS, PROTOCOLS, SAME_COUNTS, Protocol
from scbaseline.study.split import (
    TRAINING,
    Split,
    split_cells,
    split_folds,
    split_group_folds,
    split_groups,
)
from scbaseline.study.views import Clustering, View, alternatives, halves_view, structureless_view
from scbaseline.threads import limit_threads


def applicable(
    config: RunConfig, prepared: Prepared
) -> tuple[tuple[Protocol, ...], dict[str, str]]:
    """Return the chosen protocols that have a meaning here, and of the others why not.

    Parameters
    ----------
    config
        ``protocol``, ``group_key``, ``thin_fraction``.
    prepared
        Whether labels are given, and whether counts are whole numbers.

    Raises
    ------
    ConfigError
        No chosen protocol has a meaning here; it says why not, for each.
    """
    source, origin = CLUSTERS, SAME_COUNTS
    if prepared.labels is not None:
        source, origin = prepared.labels.source, prepared.labels.origin
    chosen: list[Protocol] = []
    not_applicable: dict[str, str] = {}
    for name in config.protocol or ():
        protocol = PROTOCOLS[name]
        reason = protocol.why_not(source, origin, group_key=config.group_key)
        if reason is None and draws_counts(protocol) and not prepared.whole_numbers:
            reason = "it draws from whole numbers of counts, and these are fractional"
        if reason is None and protocol.labels_from == protocol.features_from == "half A":
            reason = _unequal(config.thin_fraction)
        if reason is None:
            chosen.append(protocol)
        else:
            not_applicable[name] = reason
    if not chosen:
        raise ConfigError(f"protocol: none can be run: {_told(not_applicable)}")
    return tuple(chosen), not_applicable


def require_any(protocols: Sequence[str], not_applicable: Mapping[str, str]) -> None:
    """Refuse to go on without a single protocol whose counts could be labelled.

    Raises
    ------
    InputError
        No protocol is left; it says why not, for each.
    """
    if not protocols:
        raise InputError(f"no protocol can be run: {_told(not_applicable)}")


def begin_halves(
    chosen: Sequence[Protocol], prepared: Prepared, config: RunConfig, place: Executor
) -> list[Begun[View]]:
    """Begin to thin the counts ``config.draws`` times, where a protocol or a merge needs it."""
    wanted = any(p.labels_from == "half A" and not p.structureless for p in chosen)
    if not wanted and not (
        config.merge_unstable and prepared.labels is None and prepared.whole_numbers
    ):
        return []
    return [
        Begun(place, partial(_on_one_thread, halves_view, prepared.counts, config, draw=draw))
        for draw in range(config.draws)
    ]


def draw_nulls(
    chosen: Sequence[Protocol], prepared: Prepared, config: RunConfig
) -> tuple[View, ...]:
    """Draw structureless counts ``config.null_draws`` times, where a chosen protocol needs it."""
    names: set[str] = {p.labels_from for p in chosen if p.structureless}
    if not names:
        return ()
    return tuple(
        structureless_view(prepared.counts, config, draw=draw, names=names)
        for draw in range(config.null_draws)
    )


def views_of(
    protocol: Protocol,
    *,
    observed: Sequence[View],
    halves: Sequence[View],
    nulls: Sequence[View],
) -> Sequence[View]:
    """Return the views that a protocol is run on: all counts, or one per draw."""
    if protocol.structureless:
        return nulls
    return halves if draws_counts(protocol) else observed


def trusted(
    clustering: Clustering, config: RunConfig, *, halves: Sequence[View]
) -> tuple[Clustering, ClusterTrust]:
    """Say how far each cluster is found again, and merge those that are not, if asked to.

    Parameters
    ----------
    clustering
        Of all cells and all counts.
    config
        ``merge_unstable``, ``resolution``, ``seed``.
    halves
        Views of thinned halves, with the clusters of both.
    """
    others = alternatives(clustering, config, views=halves)
    if not config.merge_unstable:
        return clustering, cluster_trust(clustering.clusters_n, others)
    merged = merge_unstable(clustering.clusters_n, others)
    return replace(clustering, clusters_n=merged.clusters_n), merged.trust


def split_once(
    protocol: Protocol, view: View, *, groups: Groups | None, config: RunConfig
) -> Split:
    """Deal the cells of a view to training, validation and test, as a protocol says.

    Raises
    ------
    InputError
        Fewer than two groups, or training groups with fewer than two labels.
    """
    labels = view.labels[protocol.labels_from]
    if protocol.tests_on != "groups":
        return split_cells(labels.codes_n, config)
    return _learnable(labels, split_groups(labels.codes_n, _known(groups).codes_n, config))


def split_repeatedly(
    protocol: Protocol, view: View, *, groups: Groups | None, config: RunConfig
) -> tuple[Split, ...]:
    """Deal the cells of a view to folds, as a protocol says.

    Raises
    ------
    InputError
        As for :func:`split_once`.
    """
    labels = view.labels[protocol.labels_from]
    if protocol.tests_on != "groups":
        return split_folds(labels.codes_n, config)
    splits = split_group_folds(labels.codes_n, _known(groups).codes_n, config)
    return tuple(_learnable(labels, split) for split in splits)


def _learnable(labels: Labels, split: Split) -> Split:
    """Return a split whose training groups can be learnt from; refuse another before any fit."""
    learnt_codes(labels, split.rows(TRAINING))
    return split


def _unequal(fraction: float) -> str | None:
    """Say why clusters of half A cannot be priced: features of half A and B differ in depth."""
    if fraction == 0.5:
        return None
    return (
        f"half A is {fraction:.0%} of the counts and half B {1 - fraction:.0%}, so that half less "
        "thinned would price depth, too; leave --thin-fraction at 0.5 to price double dipping"
    )


def _told(not_applicable: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in not_applicable.items())


def draws_counts(protocol: Protocol) -> bool:
    """Whether a protocol is run on counts that are drawn: thinned or structureless ones."""
    return protocol.structureless or protocol.labels_from != "all"


def _known(groups: Groups | None) -> Groups:
    if groups is None:
        raise InputError("group: no column of donors or batches is named; give --group-key")
    return groups


def _on_one_thread(draw_view: Callable[..., View], *args: Any, **kwargs: Any) -> View:
    """Draw a view; in whichever process, it has the same digits."""
    with limit_threads(1):
        return draw_view(*args, **kwargs)
