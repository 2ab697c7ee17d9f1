"""A study in; for each label, what a model that was never taught it makes of its cells, out.

It is the exam of unknown scores: a type that the model does not know is what a query may hold.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import roc_auc_score

from scbaseline.compute import Pool
from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError
from scbaseline.learn.recipes import chosen_recipes
from scbaseline.model.fit_unknown import Labelled, fit_unknown, score_cells
from scbaseline.randomness import Stream, library_seed
from scbaseline.stages import Stages
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.line import Study
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split, split_cells

REJECTED = 0.1
"""The share of known test cells that may be rejected where cells of an unknown type are found."""

_FEWEST = 20  # cells of a label, to be left out


def leave_one_label_out(
    study: Study, config: RunConfig, stages: Stages, pool: Pool
) -> tuple[dict[str, Any], ...]:
    """Return a row for each label: how well its cells are told from known ones without it.

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
    of the other labels), ``found`` (share of its cells above the score that a tenth of these
    exceed), ``looks_like`` (the label that most of its cells got), and ``share`` (how many).

    Raises
    ------
    ConfigError
        The recipe has no unknown score, or there are fewer than three labels.
    """
    (recipe,) = chosen_recipes(config.recipe)
    labels = study.labels
    if recipe.input != "counts":
        raise ConfigError(f"exam: recipe {recipe.name} has no unknown score; leave --exam out")
    if len(labels.names) < 3:
        raise ConfigError(
            "exam: with one of two labels left out there is nothing to learn; leave --exam out"
        )
    split = split_cells(labels.codes_n, config)
    job = Job(
        SAVES_MODELS, study.cells.counts, labels, split, (recipe,),
        config=replace(config, threads=1), keep=True,
    )  # fmt: skip
    n_k = np.bincount(labels.codes_n[labels.codes_n >= 0], minlength=len(labels.names))
    calls = [partial(_examine, job, code) for code in np.flatnonzero(n_k >= _FEWEST).tolist()]
    return tuple(pool.run_all(calls, stages))


def _examine(job: Job, code: int, stages: Stages) -> dict[str, Any]:
    """Fit without one label, and score its cells beside test cells of the others."""
    (recipe,), labels, name = job.recipes, job.labels, job.labels.names[code]
    with stages(f"exam without {name}"):
        fit = fit_job(replace(job, split=_without(job.split, labels.codes_n == code)), stages)
        learnt, genes_g = fit.recipes[recipe.name].learnt, fit.recipes[recipe.name].genes_g
        if learnt is None:
            raise AssertionError("the job keeps its modules")

        def labelled(part: int) -> Labelled:
            rows = fit.split.rows(part)
            blocks = [block for block, _ in job.counts.rows(rows).blocks(genes_g)]
            return Labelled(sparse.vstack(blocks, format="csr"), labels.codes_n[rows])

        unknown = fit_unknown(
            learnt.module, labelled(TRAINING), labelled(VALIDATION),
            n_labels=len(labels.names),
            seed=library_seed(job.config.seed, Stream.UNKNOWN, code),
        )  # fmt: skip
        test = labelled(TEST)
        score_n, predicted_n = score_cells(learnt.module, unknown, test.counts_ng)
    is_new_n = test.codes_n == code
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


def _without(split: Split, left_out_n: NDArray[np.bool_]) -> Split:
    """Return a split in which all cells that are left out are test cells."""
    return Split(np.where(left_out_n, TEST, split.part_n).astype(np.int8), split.notes)
