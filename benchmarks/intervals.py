"""How often 95 % intervals hold the truth, with labels of PBMC3k's sizes, as tables.

``python benchmarks/intervals.py [--draws 500]`` draws cells and predictions of a classifier
whose accuracy and macro-F1 are known, and counts how many of its intervals hold them. The
classifier is fixed: what another training set would do is outside of these intervals, and
of this check.
"""

import argparse

import numpy as np

from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.intervals import MIN_GROUPS_OF_LABEL
from scbaseline.judge.metrics import confusion_scores
from scbaseline.judge.scores import score_predictions
from scbaseline.randomness import Stream, generator

SIZES = np.array([480, 480, 340, 300, 160, 155, 37, 14])
RIGHT = np.array([0.93, 0.96, 0.80, 0.98, 0.88, 0.92, 0.90, 0.75])
"""Share of each label's cells that the classifier gets right; its errors go to all others."""

METRICS = ("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "kappa")
REPEATS = 3
BOOTSTRAP_DRAWS = 1000
NAMES = tuple(str(k) for k in range(len(SIZES)))


def shares() -> np.ndarray:
    """Return the probability of each prediction, true label × predicted label."""
    k = len(SIZES)
    return np.diag(RIGHT) + (1 - RIGHT)[:, None] * (1 - np.eye(k)) / (k - 1)


def predict(rng: np.random.Generator, true_n: np.ndarray) -> np.ndarray:
    """Draw the classifier's predictions."""
    cumulative = shares().cumsum(axis=1)[true_n]
    predicted_n = (cumulative < rng.random((len(true_n), 1))).sum(axis=1)
    return np.minimum(predicted_n, len(SIZES) - 1)


def main() -> None:
    """Print coverage and mean width of each metric's interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    draws = parser.parse_args().draws
    print(f"coverage of 95 % intervals in {draws} draws (mean width), ", end="")
    print(f"{BOOTSTRAP_DRAWS:,} bootstrap draws each\n")
    print("| repeats | cells | sizes | " + " | ".join(METRICS) + " |")
    print("|---" * (len(METRICS) + 3) + "|")
    for title, sizes in (("all, out of fold", SIZES), ("a fifth", np.round(SIZES / 5).astype(int))):
        for drawn in ("fixed sizes", "sizes drawn, too"):
            for repeats in (1, REPEATS):
                _row(title, sizes, drawn, draws, repeats=repeats)
    print("\n| groups | accuracy | macro-F1 |\n|---|---|---|")
    for n_groups in (6, 8, 12, 20):
        _groups(n_groups, draws)
    for n_groups in (8, 20):
        _groups(n_groups, draws, n_with_first=MIN_GROUPS_OF_LABEL)


def _row(title: str, sizes: np.ndarray, drawn: str, draws: int, *, repeats: int) -> None:
    truth = confusion_scores(sizes[:, None] * shares())
    held: dict[str, list[bool]] = {name: [] for name in METRICS}
    width: dict[str, list[float]] = {name: [] for name in METRICS}
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        if drawn == "fixed sizes":
            true_n = np.repeat(np.arange(len(sizes)), sizes)
        else:
            true_n = rng.choice(len(sizes), size=sizes.sum(), p=sizes / sizes.sum())
        first = predict(rng, true_n)
        # Repeats judge the same cells, and mostly agree: two in three predictions are those
        # of the first repeat.
        again = [
            np.where(rng.random(len(true_n)) < 2 / 3, first, predict(rng, true_n))
            for _ in range(repeats - 1)
        ]
        held_out = HeldOut(
            (NAMES,) * repeats, np.tile(true_n, (repeats, 1)), np.stack([first, *again])
        )
        scorecard = score_predictions(
            held_out, generator(seed, Stream.INTERVALS), n_draws=BOOTSTRAP_DRAWS
        )
        for name in METRICS:
            score = scorecard.score(name)
            held[name].append(score.low <= truth[name] <= score.high)
            width[name].append(score.high - score.low)
    shown = [f"{np.mean(held[name]):.3f} ({np.mean(width[name]):.3f})" for name in METRICS]
    print(f"| {repeats} | {title} | {drawn} | " + " | ".join(shown) + " |", flush=True)


def _groups(n_groups: int, draws: int, *, n_with_first: int | None = None) -> None:
    """Donors differ: each multiplies the classifier's errors by a factor of its own, mean 1.

    Draws in which too few donors have a label have no interval, and do not count.
    """
    held: dict[str, list[bool]] = {"accuracy": [], "f1_macro": []}
    p_k = SIZES / SIZES.sum()
    sizes = np.outer(np.ones(n_groups), p_k)
    title = f"{n_groups} groups of 200 cells"
    if n_with_first is not None:
        sizes[n_with_first:, 0] = 0
        sizes /= sizes.sum(axis=1, keepdims=True)
        title += f", the first label in {n_with_first} of them"
    truth = confusion_scores(sizes.sum(axis=0)[:, None] * shares())
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        group_n = np.repeat(np.arange(n_groups), 200)
        true_n = np.concatenate([rng.choice(len(SIZES), size=200, p=p_k) for p_k in sizes])
        factor_g = np.minimum(rng.gamma(4, 1 / 4, size=n_groups), 4)
        k = len(SIZES)
        wrong_n = rng.random(len(true_n)) < factor_g[group_n] * (1 - RIGHT[true_n])
        other_n = (true_n + rng.integers(1, k, size=len(true_n))) % k
        predicted_n = np.where(wrong_n, other_n, true_n)
        scorecard = score_predictions(
            HeldOut.of_one_test(true_n, predicted_n, NAMES),
            generator(seed, Stream.INTERVALS),
            n_draws=BOOTSTRAP_DRAWS,
            groups_n=group_n,
        )
        for name, held_name in held.items():
            score = scorecard.score(name)
            if score.low is not None:
                held_name.append(score.low <= truth[name] <= score.high)
    shown = " | ".join(f"{np.mean(held_name):.3f}" for held_name in held.values())
    print(f"| {title} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
