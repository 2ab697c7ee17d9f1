"""Recipes in; a model of each, trained by the ranks that torchrun started, out.

Tests start it as ``torchrun … rank_trainings.py FILE FOLDER BATCH RECIPE …``: to load torch takes
longer than a training of a thousand cells, so that one start serves several recipes.
"""

import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path

from conftest import SMALL

from scbaseline.data.read import open_counts
from scbaseline.ranks import ALONE, Ranks
from scbaseline.study.train import train

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", device="cpu", n_bootstrap=100)


def train_all(
    file: Path,
    folder: Path,
    recipes: Iterable[str],
    *,
    seed: int = 0,
    batch_size: int = CONFIG.batch_size,
    ranks: Ranks = ALONE,
) -> None:
    """Train each recipe and save its model as ``folder/RECIPE.safetensors``."""
    for recipe in recipes:
        config = dataclasses.replace(CONFIG, recipe=(recipe,), seed=seed, batch_size=batch_size)
        with open_counts(file) as adata:
            training = train(adata, config, ranks=ranks)
        if ranks.rank == 0:
            training.classifier.save(folder / f"{recipe}.safetensors")


if __name__ == "__main__":
    from scbaseline.learn.ranks import open_ranks

    with open_ranks() as joined:
        file, folder, size = sys.argv[1:4]
        train_all(Path(file), Path(folder), sys.argv[4:], batch_size=int(size), ranks=joined)
