"""A recipe of a job in; the file that its training is kept in out."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError
from scbaseline.files import staging
from scbaseline.learn.recipes import Recipe, chosen_recipes

if TYPE_CHECKING:
    from scbaseline.learn.checkpoint import Checkpoint
    from scbaseline.study.fit import Job


def check_checkpoint(folder: Path | None, config: RunConfig) -> None:
    """Refuse a folder that cannot keep the training of the chosen recipes; make it otherwise.

    Parameters
    ----------
    folder
        What ``--checkpoint`` names; ``None``: nothing.
    config
        Settled settings: the recipe is chosen.

    Raises
    ------
    ConfigError
        The recipe has no epochs, or there is a file of this name.
    OutputError
        The folder cannot be made or written to.
    """
    if folder is None:
        return
    for recipe in chosen_recipes(config.recipe):
        if not recipe.has_epochs:
            raise ConfigError(f"recipe {recipe.name} has no epochs; leave --checkpoint out")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--checkpoint {folder}: is a file; name a folder, e.g. {folder}_epochs")
    with staging(folder, option="--checkpoint folder"):
        pass


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
    # The model that is saved may have the protocol, draw and fold of a fit that judges it.
    role = "model" if job.keep else "fold"
    name = f"{role}-{job.protocol.name}-{recipe.name}-{job.draw}-{job.fold}.safetensors"
    return Checkpoint(job.checkpoint / name, what)
