"""The inflation from double dipping, at equal depth and under several fits: half and thinned.

``python benchmarks/halves.py [INPUT] [--draws 5]`` prints accuracy and kappa of logistic
regression where the clusters are of one half of the counts and the features of the same half
(half) or of the other one (thinned), with features of all cells or of training cells only.
"""

import argparse
import dataclasses

import numpy as np

from scbaseline import Counts, RunConfig, check_counts, filter_cells, read_counts, split_cells
from scbaseline.judge.held_out import confusion
from scbaseline.judge.metrics import confusion_scores
from scbaseline.learn.recipes import RECIPES, REFERENCE
from scbaseline.stages import Stages
from scbaseline.study.draws import draw_halves
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.protocols import PROTOCOLS

FITS = {
    "features of all cells, 80 % trained on": {"fitted_on": "all cells", "stops_on": "test"},
    "features of training cells, 80 % trained on": {"stops_on": "test"},
    "features of training cells, 64 % trained on (as scbaseline does)": {},
}


def main() -> None:
    """Fit each kind on every draw, print mean (lowest to highest)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", nargs="?", default="pbmc3k")
    parser.add_argument("--draws", type=int, default=5)
    arguments = parser.parse_args()
    config, stages = RunConfig(), Stages()
    adata = check_counts(read_counts(arguments.input))
    counts = Counts.from_anndata(adata)
    counts = filter_cells(counts, config, obs=adata.obs, var=adata.var).counts
    seen: dict[tuple[str, str, str], list[float]] = {}
    for number in range(arguments.draws):
        draw = draw_halves(counts, config, stages, number=number, both=False)
        labels = draw.labels["half A"]
        split = split_cells(labels.codes_n, config, draw=number)
        for fit, changes in FITS.items():
            for name in ("half", "thinned"):
                protocol = dataclasses.replace(PROTOCOLS[name], **changes)
                job = Job(
                    protocol,
                    draw.counts[protocol.features_from],
                    labels,
                    split,
                    recipes=(RECIPES[REFERENCE],),
                    config=config,
                    draw=number,
                )
                scores = _scores(job, stages)
                for metric in ("accuracy", "kappa"):
                    seen.setdefault((fit, name, metric), []).append(float(scores[metric]))
    print("| fit | half, accuracy | thinned, accuracy | half, κ | thinned, κ | half − thinned, κ |")
    print("|---" * 6 + "|")
    for fit in FITS:
        kappas = [np.array(seen[fit, name, "kappa"]) for name in ("half", "thinned")]
        columns = [seen[fit, n, m] for m in ("accuracy", "kappa") for n in ("half", "thinned")]
        cells = [_spread(np.array(values)) for values in (*columns, kappas[0] - kappas[1])]
        print(f"| {fit} | {' | '.join(cells)} |")


def _scores(job: Job, stages: Stages) -> dict[str, np.ndarray]:
    """Fit a job's one recipe and score its test cells."""
    fit = fit_job(job, stages)
    (of_recipe,) = fit.recipes.values()
    true_t = fit.labels.codes_n[fit.test]
    n_labels = len(fit.labels.names)
    return confusion_scores(confusion(true_t, of_recipe.predicted_t, n_labels=n_labels))


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f})"


if __name__ == "__main__":
    main()
