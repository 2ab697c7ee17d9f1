"""PBMC3k over five seeds: scores under the published and the inductive protocol, as a table.

``python benchmarks/seeds.py [INPUT] [--seeds 5] [--label-key COL]`` prints the tables of
docs/results.md. A seed changes the clustering, the split and the training.
"""

import argparse
import dataclasses
import sys
from collections import defaultdict

import numpy as np

from scbaseline import Run, RunConfig, read_counts, run, split_cells
from scbaseline.learn.recipes import RECIPES
from scbaseline.stages import Stages
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.protocols import PROTOCOLS, SAVES_MODELS

# As published, but with the training cells of `inductive`: what is left of the difference
# between the two is not the number of training cells.
CONTROL = dataclasses.replace(
    PROTOCOLS["published"], name="features of all cells, 64 % trained on", stops_on="validation"
)
METRICS = {"accuracy": "accuracy", "f1_macro": "macro-F1", "train_accuracy": "training accuracy"}


def main() -> None:
    """Run every seed and print mean ± standard deviation per recipe and protocol."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", nargs="?", default="pbmc3k")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--label-key")
    arguments = parser.parse_args()
    adata = read_counts(arguments.input)

    seen: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    clusters, tiers = [], {}
    for seed in range(arguments.seeds):
        config = RunConfig(
            seed=seed, label_key=arguments.label_key, protocol=("published", "inductive")
        )
        result = run(adata, config)
        clusters.append(len(result.labels.names))
        for row in result.evidence.rows:
            if row.metric in METRICS:
                seen[row.recipe, row.metric, row.protocol].append(row.value)
                tiers[row.protocol] = row.tier
        for recipe, accuracy in control_accuracies(result).items():
            seen[recipe, "accuracy", CONTROL.name].append(accuracy)
        print(f"seed {seed} done", file=sys.stderr)

    print(f"{result.data.title}, seeds 0–{arguments.seeds - 1};")
    numbers = "–".join(map(str, sorted({min(clusters), max(clusters)})))
    print(f"{numbers} labels ({result.labels.source});")
    print("mean ± standard deviation over seeds.\n")
    columns = [(metric, protocol) for metric in METRICS for protocol in tiers]
    columns.insert(1, ("accuracy", CONTROL.name))
    tiers[CONTROL.name] = "control"
    heads = [f"{METRICS[metric]}, {protocol} ({tiers[protocol]})" for metric, protocol in columns]
    print("| recipe | " + " | ".join(heads) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for recipe in dict.fromkeys(recipe for recipe, _, _ in seen):
        cells = [
            f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
            for values in (seen[recipe, metric, protocol] for metric, protocol in columns)
        ]
        print(f"| {recipe} | " + " | ".join(cells) + " |")


def control_accuracies(result: Run) -> dict[str, float]:
    """Fit the control on the labels and the split of a run; return each recipe's accuracy."""
    job = Job(
        CONTROL,
        result.cells.counts,
        result.labels,
        split_cells(result.labels.codes_n, result.config),
        recipes=tuple(
            RECIPES[name] for name in result.evidence.protocols[SAVES_MODELS.name].scorecards
        ),
        config=dataclasses.replace(result.config, threads=1),
    )
    fit = fit_job(job, Stages(threads=1))
    true_t = fit.labels.codes_n[fit.test]
    return {name: float((r.predicted_t == true_t).mean()) for name, r in fit.recipes.items()}


if __name__ == "__main__":
    main()
