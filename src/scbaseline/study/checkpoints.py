"""A recipe of a job in; the file that its training is kept in out."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbaseline.learn.recipes import Recipe

if TYPE_CHECKING:
    from scbaseline.learn.checkpoint import Checkpoint
    from scbaseline.study.fit import Job


def checkpoint_of(recipe: Recipe, genes_g: NDArray[np.int64], job: "Job") -> "Checkpoint | None":
    """Return the file, and what it must agree with; ``None`` where none was asked for.

    Parameters
    ----------
    recipe, job
        What is trained.
    genes_g
        The recipe's genes.
    """
    if job.checkpoint is None:
        return None
    from scbaseline.learn.checkpoint import Checkpoint

    seen = hashlib.sha256()
    for values in (genes_g, job.labels.codes_n, job.split.part_n, job.counts.total_n):
        seen.update(np.ascontiguousarray(values).data)
    what = {
        "recipe": recipe.name,
        "settings": {**recipe.settings},
        "config": replace(job.config, device="auto", threads=None).to_dict(),
        "ranks": job.ranks.size,
        "cells": seen.hexdigest(),
    }
    name = f"{job.protocol.name}-{recipe.name}-{job.draw}-{job.fold}.safetensors"
    return Checkpoint(job.checkpoint / name, what)
