"""Time the layout with several numbers of epochs, and score what it keeps.

``python benchmarks/layout.py [--cells 200000] [--epochs 200 100] [--seeds 2]`` lays out the
components of neighbour_search.py (``--components counts`` or ``gaussian``) once for each seed
and number of epochs. Trust: scikit-learn's trustworthiness on 3,000 cells.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from exploration import timed
from neighbour_search import N_PCS, components

from scbaseline import RunConfig
from scbaseline.cells.neighbours import neighbour_graph
from scbaseline.cells.umap import umap_layout


def main() -> None:
    """Make the graph once, then a row per layout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="*", default=[200_000])
    parser.add_argument("--components", choices=("counts", "gaussian"), default="counts")
    parser.add_argument("--file", type=Path, help="components in a .npy file, instead")
    parser.add_argument("--epochs", type=int, nargs="*", default=[200, 100])
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    for n_cells in arguments.cells:
        pcs_nc = (
            np.load(arguments.file) if arguments.file else components(n_cells, arguments.components)
        )
        print(f"\n{len(pcs_nc):,} cells, {arguments.components}")
        print("| epochs | seed | processor s | wall s | trust |")
        print("|---|---|---|---|---|", flush=True)
        rows(pcs_nc, arguments)


def rows(pcs_nc: np.ndarray, arguments: argparse.Namespace) -> None:
    """Print a row per number of epochs and seed."""
    from sklearn.manifold import trustworthiness

    config = RunConfig(threads=1)
    graph = neighbour_graph(pcs_nc, config)
    few = np.sort(np.random.default_rng(0).permutation(len(pcs_nc))[:3000])
    for seed in range(arguments.seeds):
        for n_epochs in arguments.epochs:
            seconds: dict[str, float] = {}
            with timed(seconds, "umap"):
                xy_n2 = umap_layout(graph, pcs_nc, replace(config, seed=seed), n_epochs=n_epochs)
            trust = trustworthiness(pcs_nc[few, :N_PCS], xy_n2[few], n_neighbors=10)
            print(
                f"| {n_epochs} | {seed} | {seconds['umap']:.1f} | {seconds['umap wall']:.1f} "
                f"| {trust:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
