"""How a command uses the line: which protocols run, on which draws, with which splits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.recipes import chosen_recipes, recipes_beside
from scbaseline.study.draws import Draw, Draws
from scbaseline.study.fit import Job
from scbaseline.study.labels import Groups, Labels, learnt_codes
from scbaseline.study.prepare import Prepared
from scbaseline.study.protocols import CLUSTERS, PROTOCOLS, SAME_COUNTS, SAVES_MODELS, Protocol
from scbaseline.study.split import (
    TRAINING,
    Split,
    split_cells,
    split_folds,
    split_group_folds,
    split_groups,
)

Splits = Callable[[Protocol, Draw, Groups | None, RunConfig], Sequence[Split]]
"""Deals the cells of a draw as a protocol says: one split, or one per fold."""


@dataclass(frozen=True)
class Plan:
    """How a command uses the line.

    Attributes
    ----------
    splits
        How the cells of each draw are dealt.
    repeats
        How often the counts as they are, are dealt anew.
    explore
        Whether clusters and their layout are wanted whatever the labels.
    keep_models
        Whether the modules of the protocol that saves models are kept.
    views
        Whether test cells are also labelled as poorer experiments might see them.
    model_split
        Deals the cells for one more fit without test cells, whose modules are kept.
    """

    splits: Splits
    repeats: int = 1
    explore: bool = False
    keep_models: bool = False
    views: bool = False
    model_split: Callable[[NDArray[np.int64], RunConfig], Split] | None = None

    def keeps(self, protocol: Protocol) -> bool:
        """Return whether the modules fitted under a protocol are kept."""
        return self.keep_models and protocol.saves_models


def split_once(
    protocol: Protocol, draw: Draw, groups: Groups | None, config: RunConfig
) -> tuple[Split, ...]:
    """Deal the cells of a draw to training, validation and test, as a protocol says.

    Raises
    ------
    InputError
        Fewer than two groups, or training groups with fewer than two labels.
    """
    labels, number = draw.labels[protocol.labels_from], draw.number
    if protocol.tests_on != "groups":
        return (split_cells(labels.codes_n, config, draw=number),)
    groups_n = _required(groups).codes_n
    return (_learnable(labels, split_groups(labels.codes_n, groups_n, config, draw=number)),)


def split_repeatedly(
    protocol: Protocol, draw: Draw, groups: Groups | None, config: RunConfig
) -> tuple[Split, ...]:
    """Deal the cells of a draw to folds, as a protocol says; of structureless counts once.

    Raises
    ------
    InputError
        As for :func:`split_once`.
    """
    if protocol.structureless:
        return split_once(protocol, draw, groups, config)
    labels, number = draw.labels[protocol.labels_from], draw.number
    if protocol.tests_on != "groups":
        return split_folds(labels.codes_n, config, draw=number)
    groups_n = _required(groups).codes_n
    splits = split_group_folds(labels.codes_n, groups_n, config, draw=number)
    return tuple(_learnable(labels, split) for split in splits)


def applicable(
    config: RunConfig, cells: Prepared, labels: Labels | None
) -> tuple[tuple[Protocol, ...], dict[str, str]]:
    """Return the chosen protocols that have a meaning here, and of the others why not.

    Parameters
    ----------
    config
        ``protocol``, ``group_key``, ``thin_fraction``.
    cells
        Whether counts are whole numbers, and in memory.
    labels
        The labels that are given.

    Raises
    ------
    ConfigError
        No chosen protocol has a meaning here; it says why not, for each.
    """
    source = CLUSTERS if labels is None else labels.source
    origin = SAME_COUNTS if labels is None else labels.origin
    chosen, not_applicable = [], {}
    for name in config.protocol or ():
        protocol = PROTOCOLS[name]
        reason = protocol.why_not(source, origin, group_key=config.group_key)
        if reason is None and protocol.draws_counts and not cells.whole_numbers:
            reason = "it draws from whole numbers of counts, and these are fractional"
        if reason is None and protocol.same_half_as and config.thin_fraction != 0.5:
            reason = (
                f"half A is {100 * config.thin_fraction:.0f} % of the counts, so that the two "
                "halves differ in depth; leave --thin-fraction at 0.5 to measure double dipping"
            )
        if reason is None:
            chosen.append(protocol)
        else:
            not_applicable[name] = reason
    if not chosen:
        raise ConfigError(f"protocol: none can be run: {_reasons(not_applicable)}")
    return tuple(chosen), not_applicable


def jobs_of(
    protocols: Sequence[Protocol],
    draws: Draws,
    plan: Plan,
    config: RunConfig,
    *,
    groups: Groups | None,
) -> tuple[list[Job], dict[str, str]]:
    """Return one job for each fold of each draw of each protocol that can be run.

    Parameters
    ----------
    protocols
        Those that have a meaning here.
    draws
        The counts and labels that they run on.
    plan
        How cells are split, and what is kept.
    config
        Settled settings.
    groups
        The donor or batch of each kept cell, where a column was named.

    Returns
    -------
    The jobs; and of each protocol that cannot be run after all, why not.
    """
    not_applicable: dict[str, str] = {}
    jobs: list[Job] = []
    for protocol in protocols:
        of_protocol = draws.of(protocol)
        labelled = [draw for draw in of_protocol if protocol.labels_from in draw.labels]
        if not labelled:
            not_applicable[protocol.name] = of_protocol[0].unlabelled[protocol.labels_from]
            continue
        if not protocol.draws_counts:  # the same counts are repeated with other folds
            labelled = [replace(draws.observed, number=number) for number in range(plan.repeats)]
        try:
            jobs += [
                _job(protocol, draw, split, config, plan=plan, fold=fold)
                for draw in labelled
                for fold, split in enumerate(plan.splits(protocol, draw, groups, config))
            ]
        except InputError as error:  # groups that cannot be split; other protocols can be run
            not_applicable[protocol.name] = str(error)
    if not jobs:
        raise InputError(f"no protocol can be run: {_reasons(not_applicable)}")
    if plan.model_split is not None:
        split = plan.model_split(draws.observed.labels["all"].codes_n, config)
        model = _job(SAVES_MODELS, draws.observed, split, config, plan=plan)
        recipes = chosen_recipes(config.recipe)
        jobs.append(replace(model, recipes=recipes, keep=True, views=False))
    return jobs, not_applicable


def _job(
    protocol: Protocol, draw: Draw, split: Split, config: RunConfig, *, plan: Plan, fold: int = 0
) -> Job:
    chosen = chosen_recipes(config.recipe)
    return Job(
        protocol,
        draw.counts[protocol.features_from],
        draw.labels[protocol.labels_from],
        split,
        recipes=(*chosen, *recipes_beside(chosen)),
        config=config,
        draw=draw.number,
        fold=fold,
        space=draw.space if protocol.fitted_on == "all cells" else None,
        keep=plan.keeps(protocol),
        views=plan.views,
    )


def _learnable(labels: Labels, split: Split) -> Split:
    """Return a split whose training groups can be learnt from; refuse another before any fit."""
    learnt_codes(labels, split.rows(TRAINING))
    return split


def _required(groups: Groups | None) -> Groups:
    if groups is None:
        raise InputError("group: no column of donors or batches is named; give --group-key")
    return groups


def _reasons(not_applicable: dict[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in not_applicable.items())
