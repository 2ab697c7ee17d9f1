"""Time the exploration step by step, ours and scanpy's on the same components.

``python benchmarks/exploration.py [--pbmc3k FILE] [--cells 50000 200000] [--repeats 3]
[--figure umaps.png]`` takes the principal components of PBMC3k's raw counts, and of
simulated cells (Gaussian clusters of unequal size, a third of the cells on the way from one
to the next), and runs each side in a new process: once for what a first result costs, with
imports and numba's compilation, and once more warm. Peak memory is the system's own
accounting of that process. All on one thread.

Recall: the share of neighbours no farther than the true last one, on 500 cells. Trust:
scikit-learn's trustworthiness of the layout, on at most 3,000 cells. ARI: our clusters
against scanpy's.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from scbaseline import RunConfig

CONFIG = RunConfig(threads=1)
STEPS = ("neighbours", "leiden", "umap")


def main() -> None:
    """Make the components, run both sides on each, print a table, draw the layouts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pbmc3k", type=Path, help="raw counts: .h5ad, .h5 or a folder")
    parser.add_argument("--cells", type=int, nargs="*", default=[50_000])
    parser.add_argument("--repeats", type=int, default=3, help="below 50,000 cells")
    parser.add_argument("--figure", type=Path, help="draw the last data set's two layouts")
    parser.add_argument("--side", choices=("ours", "scanpy"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.folder)))
        return
    sets = {f"simulated {n:,}": simulated_components(n) for n in arguments.cells}
    if arguments.pbmc3k:
        sets["PBMC3k"] = components_of(arguments.pbmc3k)
    for name, pcs_nc in sets.items():
        repeats = arguments.repeats if len(pcs_nc) < 50_000 else 1
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/pcs.npy", pcs_nc)
            runs: dict[str, list[dict[str, float]]] = {"ours": [], "scanpy": []}
            for _ in range(repeats):
                for side, of_side in runs.items():  # in turn, so that both see the same machine
                    of_side.append(in_new_process(side, folder))
            describe(name, pcs_nc, runs, Path(folder))
            if arguments.figure:
                draw(name, Path(folder), arguments.figure)


def simulated_components(n_cells: int, *, n_comps: int = 30, n_clusters: int = 20) -> np.ndarray:
    """Return cells × components whose spread falls from one component to the next."""
    rng = np.random.default_rng(0)
    sd_c = 12 * np.arange(1, n_comps + 1) ** -0.6
    centres_kc = rng.normal(size=(n_clusters, n_comps)) * sd_c
    cluster_n = rng.choice(n_clusters, n_cells, p=rng.dirichlet(np.full(n_clusters, 2.0)))
    way_n = np.where(rng.random(n_cells) < 1 / 3, rng.uniform(0, 0.5, n_cells), 0)[:, None]
    noise_nc = rng.normal(size=(n_cells, n_comps)) * (0.6 + 0.2 * sd_c)
    here_nc, next_nc = centres_kc[cluster_n], centres_kc[(cluster_n + 1) % n_clusters]
    return (here_nc * (1 - way_n) + next_nc * way_n + noise_nc).astype(np.float32)


def components_of(path: Path) -> np.ndarray:
    """Return the components that a run would explore."""
    from scbaseline import Counts, check_counts, filter_cells, fit_feature_space, read_counts

    adata = check_counts(read_counts(path))
    counts = Counts.from_anndata(adata)
    cells = filter_cells(counts, CONFIG, obs=adata.obs, var=adata.var)
    space = fit_feature_space(cells.counts, CONFIG)
    return space.project(space.scale(cells.counts))


def in_new_process(side: str, folder: str) -> dict[str, float]:
    """Measure one side in a process of its own, on one thread."""
    # -P: a file beside this one must not stand in for a library that scanpy loads.
    command = [sys.executable, "-P", __file__, "--side", side, "--folder", folder]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | one_thread)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def measure(side: str, folder: Path) -> dict[str, float]:
    """Explore once for the first result and, where that is soon, once more warm; keep it."""
    pcs_nc = np.load(folder / "pcs.npy")
    warnings.simplefilter("ignore")
    explore = ours if side == "ours" else scanpys
    # Enough cells for scanpy to compile its approximate search, where that is what follows.
    small = pcs_nc[:: max(1, len(pcs_nc) // 9000)]
    seconds: dict[str, float] = {}
    with timed(seconds, "first"):
        explore(small, {})
    distances, clusters_n, xy_n2 = explore(pcs_nc, seconds)
    np.savez(folder / side, distances=distances, clusters_n=clusters_n, xy_n2=xy_n2)
    seconds["GiB"] = peak_memory()
    return seconds


def peak_memory() -> float:
    """Return this process's largest resident memory so far, in GiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux lets a new process inherit its parent's ru_maxrss
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Note a step's processor seconds and wall-clock seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    seconds[name] = time.process_time() - cpu
    seconds[f"{name} wall"] = time.perf_counter() - wall


def ours(pcs_nc: np.ndarray, seconds: dict[str, float]) -> tuple[np.ndarray, ...]:
    """Explore with scbaseline, the layout in this process."""
    from scbaseline.cells.leiden import leiden_clusters
    from scbaseline.cells.neighbours import neighbour_graph
    from scbaseline.cells.umap import umap_layout

    with timed(seconds, "neighbours"):
        graph = neighbour_graph(pcs_nc, CONFIG)
    with timed(seconds, "leiden"):
        clusters_n = leiden_clusters(graph, resolution=CONFIG.resolution, seed=CONFIG.seed)
    with timed(seconds, "umap"):
        xy_n2 = umap_layout(graph, pcs_nc, CONFIG)
    return graph.distances_nk, clusters_n, xy_n2


def scanpys(pcs_nc: np.ndarray, seconds: dict[str, float]) -> tuple[np.ndarray, ...]:
    """Explore with scanpy, as its tutorials do, on the same settings."""
    import scanpy as sc
    from anndata import AnnData

    adata = AnnData(obsm={"X_pca": pcs_nc})
    with timed(seconds, "neighbours"):
        sc.pp.neighbors(
            adata,
            n_neighbors=CONFIG.n_neighbors,
            n_pcs=min(CONFIG.n_pcs, pcs_nc.shape[1]),
            use_rep="X_pca",
            random_state=CONFIG.seed,
        )
    with timed(seconds, "leiden"):
        sc.tl.leiden(adata, flavor="igraph", n_iterations=2, directed=False)
    with timed(seconds, "umap"):
        sc.tl.umap(adata, random_state=CONFIG.seed)
    distances_nk = adata.obsp["distances"].data.reshape(len(pcs_nc), -1)
    return distances_nk, adata.obs["leiden"].to_numpy(dtype=str), adata.obsm["X_umap"]


def describe(
    name: str, pcs_nc: np.ndarray, runs: dict[str, list[dict[str, float]]], folder: Path
) -> None:
    """Print seconds, their ratio and quality of both sides."""
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import adjusted_rand_score
    from sklearn.neighbors import NearestNeighbors

    x_nc = pcs_nc[:, : CONFIG.n_pcs]
    rng = np.random.default_rng(0)
    few, more = (np.sort(rng.permutation(len(x_nc))[:n]) for n in (500, 3000))
    exact = NearestNeighbors(n_neighbors=CONFIG.n_neighbors, algorithm="brute").fit(x_nc)
    farthest_s = exact.kneighbors(x_nc[few])[0][:, -1:] * (1 + 1e-4)
    print(f"\n{name}: {len(pcs_nc):,} cells, processor seconds (wall), {len(runs['ours'])} run(s)")
    print(f"{'':12}{'ours':>24}{'scanpy':>24}   scanpy / ours, each run")
    for step in ("first", *STEPS, "GiB"):
        shown = [spread([run[step] for run in runs[side]]) for side in runs]
        if step != "GiB":
            walls = [min(run[f"{step} wall"] for run in runs[side]) for side in runs]
            shown = [f"{text} ({wall:.1f})" for text, wall in zip(shown, walls, strict=True)]
        ratios = [b[step] / a[step] for a, b in zip(runs["ours"], runs["scanpy"], strict=True)]
        print(f"{step:12}{shown[0]:>24}{shown[1]:>24}   {spread(ratios)}")
    results = {side: np.load(folder / f"{side}.npz") for side in runs}
    for side, result in results.items():
        recall = (result["distances"][few] <= farthest_s).mean()
        trust = trustworthiness(x_nc[more], result["xy_n2"][more], n_neighbors=10)
        n_clusters = len(set(result["clusters_n"]))
        print(f"{side}: recall {recall:.4f}, trust {trust:.4f}, {n_clusters} clusters")
    ari = adjusted_rand_score(*(result["clusters_n"] for result in results.values()))
    print(f"ARI of the two clusterings: {ari:.3f}", flush=True)


def spread(values: list[float]) -> str:
    """Show the least and the most."""
    low, high = min(values), max(values)
    return f"{low:.2f}" if len(values) == 1 else f"{low:.2f} to {high:.2f}"


def draw(name: str, folder: Path, path: Path) -> None:
    """Show both layouts, coloured by our clusters."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), layout="constrained")
    clusters_n = np.load(folder / "ours.npz")["clusters_n"].astype(int)
    for ax, side in zip(figure.subplots(1, 2), ("ours", "scanpy"), strict=True):
        ax.scatter(*np.load(folder / f"{side}.npz")["xy_n2"].T, c=clusters_n, s=4, cmap="tab20")
        ax.set(title=f"{name}, {side}", xticks=[], yticks=[], aspect="equal")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
