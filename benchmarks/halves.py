"""What double dipping is worth under several fits, at equal depth: half, thinned, and why.

``python benchmarks/halves.py [INPUT] [--draws 5]`` prints accuracy and kappa of logistic
regression where the clusters are of one half of the counts and the features of the same half
(half) or of the other one (thinned), with features of all cells or of training cells only.
"""

import argparse
import dataclasses

import numpy as np

from scbaseline import RunConfig, filter_cells, read_counts, run_protocol, split_cells
from scbaseline.data.check import check_counts
from scbaseline.study.preparation import counts_of
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.views import halves_view

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
    # Networks are not what this is about: the quickest one stands for all.
    config = RunConfig(recipe=("pca",))
    counts = counts_of(filter_cells(check_counts(read_counts(arguments.input)), config).adata)
    seen: dict[tuple[str, str, str], list[float]] = {}
    for draw in range(arguments.draws):
        view = halves_view(counts, config, draw=draw, both=False)
        labels = view.labels["half A"]
        split = split_cells(labels.codes_n, dataclasses.replace(config, seed=draw))
        for fit, changes in FITS.items():
            for name in ("half", "thinned"):
                protocol = dataclasses.replace(PROTOCOLS[name], **changes)
                one = run_protocol(
                    protocol,
                    view.counts[protocol.features_from],
                    labels,
                    split=split,
                    config=config,
                    baselines=("logistic",),
                )
                for metric in ("accuracy", "kappa"):
                    value = one.evaluations["logistic"].score(metric).value
                    seen.setdefault((fit, name, metric), []).append(value)
    print("| fit | half, accuracy | thinned, accuracy | half, κ | thinned, κ | half − thinned, κ |")
    print("|---" * 6 + "|")
    for fit in FITS:
        kappas = [np.array(seen[fit, name, "kappa"]) for name in ("half", "thinned")]
        columns = [seen[fit, n, m] for m in ("accuracy", "kappa") for n in ("half", "thinned")]
        cells = [_spread(np.array(values)) for values in (*columns, kappas[0] - kappas[1])]
        print(f"| {fit} | {' | '.join(cells)} |")


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f})"


if __name__ == "__main__":
    main()
