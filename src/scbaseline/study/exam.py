"""A study in; for each label, what a model that was never taught it makes of its cells, out.

It is the exam of unknown scores: a type that the model does not know is what a query may hold.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from scbaseline.compute import Pool
from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.profile import CountsNetwork
from scbaseline.learn.recipes import chosen_recipes
from scbaseline.model.fit_unknown import score_cells
from scbaseline.randomness import Stream, library_seed
from scbaseline.stages import Stages
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.line import Study
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.split import TEST, TRAINING, Split, split_cells, split_groups
from scbaseline.study.with_doubt import labelled, unknown_of, validation_rows

REJECTED = 0.1
"""The share of known test cells that may be rejected where cells of an unknown type are found."""

_FEWEST = 20  # cells of a label, to be left out


def check_exam(config: RunConfig, *, in_memory: bool) -> None:
    """Refuse an exam that cannot be taken, before anything is fitted.

    Parameters
    ----------
    config
        Settled settings, with one recipe.
    in_memory
        Whether the counts are.

    Raises
    ------
    ConfigError
        The recipe has no unknown score, or the counts are on disk.
    """
    (recipe,) = chosen_recipes(config.recipe)
    if recipe.input != "counts":
        raise ConfigError(f"exam: recipe {recipe.name} has no unknown score; leave --exam out")
    if not in_memory:
        raise ConfigError(
            "exam: the counts are on disk, and an exam holds them in memory; leave --exam out, or "
            "--no-from-disk where memory suffices"
        )


def leave_one_label_out(
    study: Study, config: RunConfig, stages: Stages, pool: Pool
) -> tuple[dict[str, Any], ...]:
    """Return a row for each label: how well a model without it tells its cells from known cells.

    With groups, the known ones are of groups that nothing was learnt from, and the cells of the
    label are of any group.

    Parameters
    ----------
    study
        Its kept cells and labels.
    config
        Settled settings, with one recipe.
    stages, pool
        As for :func:`scbaseline.study.line.follow`.

    Returns
    -------
    Rows of ``label``, ``n`` (its cells), ``auroc`` (of the score: its cells against test cells
    of learnt labels), ``found`` (share of its cells above the score that a tenth of these
    exceed), ``looks_like`` (the label that most of its cells got), and ``share`` (how many).

    Raises
    ------
    ConfigError
        There are fewer than three labels.
    InputError
        Without a label, fewer than two groups have cells, or test cells share no label with
        training cells.
    """
    labels, groups = study.labels, study.cells.groups
    if len(labels.names) < 3:
        raise ConfigError(
            "exam: with one of two labels left out there is nothing to learn; leave --exam out"
        )
    groups_n = None if groups is None else groups.codes_n
    judged_n = labels.codes_n >= 0 if groups_n is None else (labels.codes_n >= 0) & (groups_n >= 0)
    n_k = np.bincount(labels.codes_n[judged_n], minlength=len(labels.names))
    calls = []
    for code in np.flatnonzero(n_k >= _FEWEST).tolist():
        job = Job(
            SAVES_MODELS, study.cells.counts, labels,
            split_without(code, labels.codes_n, groups_n, config), chosen_recipes(config.recipe),
            config=replace(config, threads=1), keep=True,
        )  # fmt: skip
        calls.append(partial(_examine, job, code))
    return tuple(pool.run_all(calls, stages))


def _examine(job: Job, code: int, stages: Stages) -> dict[str, Any]:
    """Fit without one label, and score its cells beside test cells of the others."""
    (recipe,), labels, name = job.recipes, job.labels, job.labels.names[code]
    with stages(f"exam without {name}"):
        fit = fit_job(job, stages)
        learnt, genes_g = fit.recipes[recipe.name].learnt, fit.recipes[recipe.name].genes_g
        if learnt is None or not isinstance(learnt.module, CountsNetwork):
            raise AssertionError("the job keeps its modules, of a recipe on counts")
        held_out, test = (
            labelled(job.counts, rows, genes_g, labels.codes_n)
            for rows in (validation_rows(fit.split), _test_rows(fit.split, labels.codes_n, code))
        )
        is_new_n = test.codes_n == code
        if is_new_n.all():
            raise InputError(
                f"exam: without {name}, no test cell of other groups has a label that training "
                "cells have; leave --exam or --group-key out"
            )
        seed = library_seed(job.config.seed, Stream.UNKNOWN, code)
        unknown = unknown_of(learnt.module, fit, genes_g, job.counts, held_out, seed=seed)
        score_n, predicted_n = score_cells(learnt.module, unknown, test.counts_ng)
    limit = np.quantile(score_n[~is_new_n], 1 - REJECTED)
    called_k = np.bincount(predicted_n[is_new_n], minlength=len(labels.names))
    return {
        "label": name,
        "n": int(is_new_n.sum()),
        "auroc": round(float(roc_auc_score(is_new_n, score_n)), 4),
        "found": round(float((score_n[is_new_n] > limit).mean()), 4),
        "looks_like": labels.names[int(called_k.argmax())],
        "share": round(float(called_k.max() / called_k.sum()), 4),
    }


def split_without(
    code: int,
    codes_n: NDArray[np.int64],
    groups_n: NDArray[np.int64] | None,
    config: RunConfig,
) -> Split:
    """Return a split of the cells, or of whole groups, in which all cells of a label are tested.

    Parameters
    ----------
    code
        The label that is left out.
    codes_n
        Label code per cell, −1 for none.
    groups_n
        Group code per cell, −1 for none, where there are groups; cells without one are left out.
    config
        As for :func:`~scbaseline.study.split.split_groups`.
    """
    asked_n = codes_n == code
    if groups_n is None:
        split = split_cells(codes_n, config)
    else:
        split = split_groups(np.where(asked_n, -1, codes_n), groups_n, config)
        asked_n &= groups_n >= 0
    return Split(np.where(asked_n, TEST, split.part_n).astype(np.int8), split.notes)


def _test_rows(split: Split, codes_n: NDArray[np.int64], code: int) -> NDArray[np.int64]:
    """Return test cells of the label that is left out, and of those that were learnt."""
    rows = split.rows(TEST)
    return rows[np.isin(codes_n[rows], [code, *codes_n[split.rows(TRAINING)]])]
