"""``robust`` without one of its parts, on every direction between three studies of blood.

``python benchmarks/robust_parts.py DATA [--seeds 0 1 2] [--only NAME …]`` prints mean accuracy /
macro-F1 over six directions, with all genes and with panels. DATA is that of
``benchmarks/cross_study.py``.
"""

import argparse
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anndata import AnnData
from cross_study import (
    SETTINGS,
    TYPE,
    Scores,
    Study,
    known_cells,
    load_studies,
    marks,
    print_row,
    queries,
)  # fmt: skip
from numpy.typing import NDArray

from scbaseline import Counts, RunConfig, check_counts
from scbaseline.learn.recipes import RECIPES, Recipe
from scbaseline.stages import Stages
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.labels import labels_from_column
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.split import split_without_test


def main() -> None:
    """Fit each variant on each study, label the others, print a row for each variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="these variants")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    ablate(load_studies(given.data), given.seeds, given.only)


def ablate(studies: list[Study], seeds: list[int], only: list[str] | None) -> None:
    """Print mean accuracy / macro-F1 of ``robust`` and of it without one of its parts."""
    robust = RECIPES["robust"]

    def settings(**changed: Any) -> Recipe:
        return replace(robust, settings={**robust.settings, **changed})

    def moved(**changed: float) -> Recipe:
        return replace(robust, augmentation={**robust.augmentation, **changed})

    variants: Mapping[str, tuple[Recipe, dict[str, int]]] = {
        "robust": (robust, {}),
        "no augmentation": (replace(robust, augmentation={}), {}),
        "no thinning": (moved(min_rate=0.9999), {}),
        "no gains": (moved(max_gain=0.0), {}),
        "no panels": (moved(panel_share=0.0), {}),
        "one network": (settings(members=1), {}),
        "no class weights": (settings(weight_power=0.0), {}),
        "no dropout": (settings(dropout=0.0), {}),
        "no label smoothing": (settings(label_smoothing=0.0), {}),
        "highly variable genes": (replace(robust, genes="hvg"), {}),
        "1,000 genes": (robust, {"n_top_genes": 1000}),
    }
    print_row(["variant", "all genes", "panels", "lowest and highest seed, all genes"])
    print_row(["---"] * 4)
    for name, (recipe, changed) in variants.items():
        if only and name not in only:
            continue
        by_seed = [mean_of_directions(studies, recipe, seed, **changed) for seed in seeds]
        whole, panel = np.mean(by_seed, axis=0)
        accuracies = [mean_of_seed[0][0] for mean_of_seed in by_seed]
        spread = f"{min(accuracies):.3f} to {max(accuracies):.3f}"
        print_row([name, *(f"{a:.3f} / {f1:.3f}" for a, f1 in (whole, panel)), spread])


def mean_of_directions(
    studies: list[Study], recipe: Recipe, seed: int, **changed: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Fit a recipe on each study; return mean accuracy and macro-F1: all genes, panels."""
    config = RunConfig(label_key=TYPE, seed=seed, **SETTINGS, **changed)
    scores = Scores()
    for reference in studies:
        label = fitted(known_cells(reference.cells), recipe, config)
        for direction, is_panel, query in queries(reference, studies, strangers=False):
            called = label(query)
            scores.marks[direction, is_panel] = marks(query.obs[TYPE].to_numpy(str), called)
    return scores.mean(panel=False), scores.mean(panel=True)


def fitted(
    cells: AnnData, recipe: Recipe, config: RunConfig
) -> Callable[[AnnData], NDArray[np.str_]]:
    """Fit a recipe that is not in the table; return what labels a query."""
    labels = labels_from_column(cells.obs, config)
    split = split_without_test(labels.codes_n, config)
    counts = Counts.from_anndata(check_counts(cells))
    job = Job(SAVES_MODELS, counts, labels, split, (recipe,), config, keep=True)
    fit = fit_job(job, Stages(threads=1)).recipes[recipe.name]
    names, module = np.array(labels.names), fit.learnt.module
    genes = cells.var_names[fit.genes_g]

    def label(query: AnnData) -> NDArray[np.str_]:
        place_g = query.var_names.get_indexer(genes)
        counts_ng = np.full((query.n_obs, len(genes)), np.nan, dtype=np.float32)
        counts_ng[:, place_g >= 0] = query.X[:, place_g[place_g >= 0]].toarray()
        with torch.inference_mode():
            return names[module(torch.from_numpy(counts_ng)).argmax(dim=1).numpy()]

    return label


if __name__ == "__main__":
    main()
