"""From counts to Leiden and UMAP with every cell in each step, beside scanpy, stage by stage.

``python benchmarks/whole_line.py [--cells 50000 200000] [--genes 20000] [--repeats 1]
[--threads 1]`` writes simulated counts, and takes them through both sides in turn, each in a
process of its own: processor seconds and wall-clock seconds of each stage, without imports and
compilation (10,000 cells go first), and peak memory of the whole process, the counts included.
Then how far the two agree: highly variable genes, variance of the components, recall of
neighbours on 500 cells (each side's own components), Leiden clusters (ARI, also against the
simulated types), trustworthiness of the layout on 3,000 cells. ``--ours-again 2`` repeats
scbaseline alone, for its spread.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import anndata
import numpy as np

STAGES = ("features", "neighbours", "leiden", "umap")


def main() -> None:
    """Write the cells, run both sides, print what each took and how far they agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="*", default=[50_000])
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each side")
    parser.add_argument("--ours-again", type=int, default=0, help="more runs of scbaseline alone")
    parser.add_argument("--side", choices=("scbaseline", "scanpy"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.folder, arguments.threads)))
        return
    import simulated

    for n_cells in arguments.cells:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            simulated.write(folder / "cells.h5ad", n_cells, arguments.genes)
            simulated.write(folder / "first.h5ad", 10_000, arguments.genes, seed=1)
            runs: dict[str, list[dict[str, float]]] = {"scbaseline": [], "scanpy": []}
            for _ in range(arguments.repeats):
                for side, of_side in runs.items():
                    of_side.append(in_new_process(side, folder, arguments.threads))
            print(
                f"\n{n_cells:,} cells × {arguments.genes:,} genes, {arguments.repeats} run(s), "
                f"{arguments.threads} thread(s)"
            )
            describe(runs, folder)
            again = [
                in_new_process("scbaseline", folder, arguments.threads)
                for _ in range(arguments.ours_again)
            ]
            if again:
                describe_spread([*runs["scbaseline"], *again])


def in_new_process(side: str, folder: Path, threads: int) -> dict[str, float]:
    """Measure one side in a process of its own, all its libraries on these threads."""
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    command += ["--threads", str(threads)]
    limits = dict.fromkeys(
        ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads)
    )
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | limits)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def measure(side: str, folder: Path, threads: int) -> dict[str, float]:
    """Go the whole line, first with few cells; keep the results."""
    from exploration import peak_memory

    warnings.simplefilter("ignore")
    line = ours if side == "scbaseline" else scanpys
    line(anndata.read_h5ad(folder / "first.h5ad"), {}, threads)
    seconds: dict[str, float] = {}
    genes, variance_c, pcs_nc, distances, clusters_n, xy_n2 = line(
        anndata.read_h5ad(folder / "cells.h5ad"), seconds, threads
    )
    seconds["GiB"] = peak_memory()
    np.savez(
        folder / side, genes=genes, variance_c=variance_c, pcs_nc=pcs_nc[:, :30],
        distances=distances, clusters_n=clusters_n, xy_n2=xy_n2,
    )  # fmt: skip
    return seconds


def ours(adata: anndata.AnnData, seconds: dict[str, float], threads: int) -> tuple[np.ndarray, ...]:
    """Go the line with scbaseline, the layout in this process."""
    from exploration import timed

    from scbaseline import Counts, RunConfig, fit_feature_space
    from scbaseline.cells.leiden import leiden_clusters
    from scbaseline.cells.neighbours import neighbour_graph
    from scbaseline.cells.umap import umap_layout

    config = RunConfig(threads=threads)
    with timed(seconds, "features"):
        total_n = np.asarray(adata.X.sum(axis=1), dtype=np.float64).ravel()
        counts = Counts(adata.X, total_n)
        space = fit_feature_space(counts, config)
        pcs_nc = space.project(space.scale(counts))
    with timed(seconds, "neighbours"):
        graph = neighbour_graph(pcs_nc, config)
    with timed(seconds, "leiden"):
        clusters_n = leiden_clusters(graph, resolution=config.resolution, seed=config.seed)
    with timed(seconds, "umap"):
        xy_n2 = umap_layout(graph, pcs_nc, config)
    genes = adata.var_names[space.genes_g].to_numpy(dtype=str)
    return genes, space.variance_c, pcs_nc, graph.distances_nk, clusters_n, xy_n2


def scanpys(
    adata: anndata.AnnData, seconds: dict[str, float], threads: int
) -> tuple[np.ndarray, ...]:
    """Go the line with scanpy, as its tutorials do; its threads are set by the environment."""
    import scanpy as sc
    from exploration import timed

    sc.settings.n_jobs = threads
    with timed(seconds, "features"):
        sc.pp.filter_genes(adata, min_cells=3)
        sc.pp.normalize_total(adata, target_sum=1e4)
        sc.pp.log1p(adata)
        sc.pp.highly_variable_genes(adata, n_top_genes=2000)
        adata = adata[:, adata.var["highly_variable"]].copy()
        sc.pp.scale(adata, max_value=10)
        sc.pp.pca(adata, n_comps=50)
    with timed(seconds, "neighbours"):
        sc.pp.neighbors(adata, n_neighbors=10, n_pcs=30)
    with timed(seconds, "leiden"):
        sc.tl.leiden(adata, flavor="igraph", n_iterations=2, directed=False)
    with timed(seconds, "umap"):
        sc.tl.umap(adata)
    genes = adata.var_names.to_numpy(dtype=str)
    clusters_n = adata.obs["leiden"].to_numpy(dtype=str)
    variance_c = adata.uns["pca"]["variance"]
    pcs_nc = adata.obsm["X_pca"]
    distances_nk = adata.obsp["distances"].data.reshape(len(pcs_nc), -1)
    return genes, variance_c, pcs_nc, distances_nk, clusters_n, adata.obsm["X_umap"]


def add_sums(of_side: list[dict[str, float]]) -> None:
    """Add the sum of the stages to each run of one side."""
    for run in of_side:
        for end in ("", " wall"):
            run["all stages" + end] = sum(run[stage + end] for stage in STAGES)


def describe_spread(of_ours: list[dict[str, float]]) -> None:
    """Print what all runs of scbaseline took, those beside scanpy and those alone."""
    from exploration import spread

    add_sums(of_ours)
    print(f"scbaseline, {len(of_ours)} runs: processor seconds, wall-clock seconds")
    for row in (*STAGES, "all stages"):
        both = [spread([run[row + end] for run in of_ours]) for end in ("", " wall")]
        print(f"{row}: {both[0]}, {both[1]}", flush=True)


def recall_of(pcs_nc: np.ndarray, distances_nk: np.ndarray) -> float:
    """Return the share of neighbours no farther than the true last one, on 500 cells."""
    from sklearn.neighbors import NearestNeighbors

    sample_s = np.sort(np.random.default_rng(0).permutation(len(pcs_nc))[:500])
    k = distances_nk.shape[1]
    exact = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(pcs_nc)
    farthest_s = exact.kneighbors(pcs_nc[sample_s])[0][:, -1:]
    return float((distances_nk[sample_s] <= farthest_s * (1 + 1e-4)).mean())


def describe(runs: dict[str, list[dict[str, float]]], folder: Path) -> None:
    """Print the table of stages, and how far the results agree."""
    from exploration import spread
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import adjusted_rand_score

    for of_side in runs.values():
        add_sums(of_side)
    for unit, end in (("processor seconds", ""), ("wall-clock seconds", " wall")):
        print(f"| {unit} | scbaseline | scanpy | scanpy ÷ scbaseline |\n|---|---|---|---|")
        for row in (*STAGES, "all stages", *(() if end else ("GiB",))):
            key = row if row == "GiB" else row + end
            shown = [spread([run[key] for run in runs[side]]) for side in runs]
            ratios = [b[key] / a[key] for a, b in zip(*runs.values(), strict=True)]
            print(f"| {row} | {shown[0]} | {shown[1]} | {spread(ratios)} |")
        print()
    one, two = (np.load(folder / f"{side}.npz") for side in runs)
    shared = len(set(one["genes"]) & set(two["genes"]))
    print(f"{shared:,} of {len(two['genes']):,} highly variable genes the same; variance of the")
    print(f"components {one['variance_c'].sum() / two['variance_c'].sum():.6f} of scanpy's;")
    ari = adjusted_rand_score(one["clusters_n"], two["clusters_n"])
    n_clusters = [len(set(side["clusters_n"])) for side in (one, two)]
    print(f"{n_clusters[0]} and {n_clusters[1]} clusters, ARI {ari:.3f}; against the simulated")
    types_n = anndata.read_h5ad(folder / "cells.h5ad", backed="r").obs["cell_type"]
    aris = [adjusted_rand_score(types_n, side["clusters_n"]) for side in (one, two)]
    print(f"types {aris[0]:.3f} and {aris[1]:.3f};")
    recalls = [recall_of(side["pcs_nc"], side["distances"]) for side in (one, two)]
    print(f"recall of neighbours {recalls[0]:.3f} and {recalls[1]:.3f};")
    few = np.sort(np.random.default_rng(0).permutation(len(types_n))[:3000])
    trusts = [
        trustworthiness(side["pcs_nc"][few], side["xy_n2"][few], n_neighbors=10)
        for side in (one, two)
    ]
    print(f"trustworthiness {trusts[0]:.4f} and {trusts[1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
