"""Prediction sets on held-out cells of PBMC3k: how often they hold the true label, how large.

``python benchmarks/prediction_sets.py DATA [--splits 20]`` prints the table of docs/accuracy.md;
DATA as for cross_study.py. The machinery is judged without what makes shipped sets larger:
scores are those of cells as they are, with random ties, and sets may be empty. Shipped sets learn
from cells as other laboratories might have measured them, and always hold the predicted label.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from cross_study import TYPE, load_studies
from numpy.typing import NDArray

from scbaseline import RunConfig
from scbaseline.judge.reliability import bin_confidences
from scbaseline.model.sets import PredictionSets
from scbaseline.stages import Stages
from scbaseline.study.line import follow
from scbaseline.study.settings import settings_of_training
from scbaseline.study.train import BY_FOLDS

LEVEL, RECIPE = 0.9, "robust"


def main() -> None:
    """Take the probabilities of held-out cells once, and halve these cells many times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--splits", type=int, default=20)
    given = parser.parse_args()
    cells = load_studies(given.data)[0].cells
    config = settings_of_training(RunConfig(label_key=TYPE, recipe=(RECIPE,)))
    plan = dataclasses.replace(BY_FOLDS, model_split=None)
    study = follow(cells, config, Stages(), plan=plan)
    fits = [fit.recipes[RECIPE] for fit in study.fits]
    codes_n = np.concatenate([fit.labels.codes_n[fit.test] for fit in study.fits])
    plain_nk = np.concatenate([fit.probability_tk for fit in fits])
    moved_nk = np.concatenate([fit.moved_tk for fit in fits])
    right_n = plain_nk.argmax(axis=1) == codes_n
    ece = bin_confidences(plain_nk.max(axis=1), right_n).ece
    print(f"{len(codes_n):,} held-out cells, accuracy {right_n.mean():.3f}, ECE {ece:.3f}")
    print(f"| sets at {LEVEL:.0%}, {given.splits} splits | hold the true label | range | size |")
    print("|---|---|---|---|")
    for name, learnt_nk, as_shipped in (
        ("machinery", plain_nk, False),
        ("shipped", moved_nk, True),
    ):
        rows = np.array([
            judged(learnt_nk, plain_nk, codes_n, as_shipped=as_shipped, seed=seed)
            for seed in range(given.splits)
        ])  # fmt: skip
        held_s, size_s = rows.T
        span = f"{held_s.min():.3f}–{held_s.max():.3f}"
        print(f"| {name} | {held_s.mean():.3f} | {span} | {size_s.mean():.2f} |")


def judged(
    learnt_nk: NDArray[np.floating],
    plain_nk: NDArray[np.floating],
    codes_n: NDArray[np.int64],
    *,
    as_shipped: bool,
    seed: int,
) -> tuple[float, float]:
    """Learn sets on one half of the cells; return coverage and mean size on the other."""
    rng = np.random.default_rng(seed)
    learns_n = rng.permutation(len(codes_n)) < len(codes_n) / 2
    noise_nk = 0.0 if as_shipped else rng.uniform(0, 1e-7, plain_nk.shape)
    sets = PredictionSets.fitted((learnt_nk - noise_nk)[learns_n], codes_n[learns_n])
    query_nk = (plain_nk - noise_nk)[~learns_n]
    if as_shipped:
        inside_nk = sets.inside(query_nk, level=LEVEL)
    else:
        inside_nk = 1 - query_nk.astype(np.float32) <= sets.thresholds(LEVEL)
    rows = np.arange(len(query_nk))
    return float(inside_nk[rows, codes_n[~learns_n]].mean()), float(inside_nk.sum(axis=1).mean())


if __name__ == "__main__":
    main()
