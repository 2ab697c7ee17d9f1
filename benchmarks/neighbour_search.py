"""Compare libraries that search nearest neighbours: processor seconds and recall.

``python benchmarks/neighbour_search.py [--cells 50000 200000] [--threads 1] [--only hnsw …]``
makes the principal components of simulated counts (those of whole_line.py), or, with
``--components gaussian``, those of exploration.py. Each method then searches the 9 nearest
other cells of every cell in 30 components, in a process of its own, with several efforts.
Seconds hold the building of the index and the search, not imports and numba's compilation.

Recall: the share of neighbours no farther than the true last one, on 500 cells. A library
that is not installed is named and skipped.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

K = 9
N_PCS = 30
Search = Callable[..., np.ndarray]


def main() -> None:
    """Make the components, run each method with each effort, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="*", default=[50_000])
    parser.add_argument("--components", choices=("counts", "gaussian"), default="counts")
    parser.add_argument("--file", type=Path, help="components in a .npy file, instead")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="parts of the names of methods")
    parser.add_argument("--method", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.method:
        print(json.dumps(measure(json.loads(arguments.method), arguments)))
        return
    for n_cells in arguments.cells:
        with tempfile.TemporaryDirectory() as name:
            path = arguments.file or Path(name) / "pcs.npy"
            if arguments.file is None:
                np.save(path, components(n_cells, arguments.components))
            shape = np.load(path, mmap_mode="r").shape
            print(f"\n{shape[0]:,} cells × {N_PCS} components, {arguments.threads} thread(s)")
            print("| method | effort | processor s | wall s | recall | peak GiB |")
            print("|---|---|---|---|---|---|", flush=True)
            for method in METHODS:
                if not arguments.only or any(part in method for part in arguments.only):
                    rows_of(method, path, arguments.threads)


def components(n_cells: int, kind: str) -> np.ndarray:
    """Return cells × components, of simulated counts or of Gaussian clusters."""
    if kind == "gaussian":
        from exploration import simulated_components

        return simulated_components(n_cells, n_comps=N_PCS)
    import simulated

    from scbaseline import Counts, RunConfig, fit_feature_space

    adata = simulated.simulate(n_cells, 20_000)
    counts = Counts(adata.X, np.asarray(adata.X.sum(axis=1), dtype=np.float64).ravel())
    space = fit_feature_space(counts, RunConfig(threads=1))
    return space.project(space.scale(counts))


def rows_of(method: str, path: Path, threads: int) -> None:
    """Print a row per effort, each measured in a process of its own."""
    library, _, efforts = METHODS[method]
    one = dict.fromkeys(
        ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads)
    )
    for effort in efforts:
        command = [sys.executable, "-P", __file__, "--method", json.dumps([method, effort])]
        command += ["--file", str(path), "--threads", str(threads)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=os.environ | one
        )
        if done.returncode:
            print(f"| {method} | skipped: {done.stderr.splitlines()[-1]} ({library}) | | | | |")
            return
        row = json.loads(done.stdout.splitlines()[-1])
        shown = ", ".join(f"{key} {value}" for key, value in effort.items())
        print(
            f"| {method} | {shown} | {row['search']:.1f} | {row['search wall']:.1f} "
            f"| {row['recall']:.3f} | {row['GiB']:.2f} |",
            flush=True,
        )


def measure(method: list, arguments: argparse.Namespace) -> dict[str, float]:
    """Search once on few cells, then time the search on all of them."""
    from sklearn.neighbors import NearestNeighbors

    sys.path.append(str(Path(__file__).parent))
    from exploration import peak_memory, timed

    name, effort = method
    x_nc = np.ascontiguousarray(np.load(arguments.file)[:, :N_PCS], dtype=np.float32)
    search = METHODS[name][1]
    search(x_nc[:10_000].copy(), arguments.threads, **effort)
    seconds: dict[str, float] = {}
    with timed(seconds, "search"):
        indices_nk = search(x_nc, arguments.threads, **effort)
    seconds["GiB"] = peak_memory()
    sample_s = np.sort(np.random.default_rng(0).choice(len(x_nc), 500, replace=False))
    exact = NearestNeighbors(n_neighbors=K + 1, algorithm="brute").fit(x_nc)
    farthest_s = exact.kneighbors(x_nc[sample_s])[0][:, -1]
    gaps_skc = x_nc[indices_nk[sample_s]] - x_nc[sample_s][:, None]
    distances_sk = np.sqrt((gaps_skc.astype(np.float64) ** 2).sum(axis=2))
    seconds["recall"] = float(np.mean(distances_sk <= farthest_s[:, None] * (1 + 1e-4)))
    return seconds


def of_knncolle(x_nc: np.ndarray, threads: int, **effort: float) -> np.ndarray:
    """Walk HNSW, in double precision."""
    import knncolle

    return _knncolles(knncolle.HnswParameters(**effort), x_nc, threads)


def of_annoy(x_nc: np.ndarray, threads: int, **effort: float) -> np.ndarray:
    """Descend trees of random splits."""
    import knncolle

    return _knncolles(knncolle.AnnoyParameters(**effort), x_nc, threads)


def of_vp_tree(x_nc: np.ndarray, threads: int) -> np.ndarray:
    """Search exactly, in a vantage-point tree."""
    import knncolle

    return _knncolles(knncolle.VptreeParameters(), x_nc, threads)


def of_kmknn(x_nc: np.ndarray, threads: int) -> np.ndarray:
    """Search exactly, in cells of k-means."""
    import knncolle

    return _knncolles(knncolle.KmknnParameters(), x_nc, threads)


def _knncolles(parameters: object, x_nc: np.ndarray, threads: int) -> np.ndarray:
    import knncolle

    index = knncolle.build_index(parameters, x_nc.astype(np.float64))
    return knncolle.find_knn(index, K, num_threads=threads, get_distance=False).index


def of_faiss_hnsw(
    x_nc: np.ndarray, threads: int, *, m: int, construction: int, search: int
) -> np.ndarray:
    """Walk HNSW in faiss."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(x_nc.shape[1], m)
    index.hnsw.efConstruction, index.hnsw.efSearch = construction, search
    index.add(x_nc)
    return without_self(index.search(x_nc, K + 1)[1])


def of_faiss_ivf(x_nc: np.ndarray, threads: int, *, lists: int, probes: int) -> np.ndarray:
    """Search the nearest of many lists of k-means."""
    import faiss

    faiss.omp_set_num_threads(threads)
    coarse = faiss.IndexFlatL2(x_nc.shape[1])
    index = faiss.IndexIVFFlat(coarse, x_nc.shape[1], lists)
    index.nprobe = probes
    index.train(x_nc)
    index.add(x_nc)
    return without_self(index.search(x_nc, K + 1)[1])


def of_hnswlib(
    x_nc: np.ndarray, threads: int, *, m: int, construction: int, search: int
) -> np.ndarray:
    """Walk HNSW as its authors wrote it."""
    import hnswlib

    index = hnswlib.Index(space="l2", dim=x_nc.shape[1])
    index.init_index(max_elements=len(x_nc), M=m, ef_construction=construction)
    index.add_items(x_nc, num_threads=threads)
    index.set_ef(search)
    return without_self(index.knn_query(x_nc, K + 1, num_threads=threads)[0].astype(np.int64))


def of_usearch(
    x_nc: np.ndarray, threads: int, *, m: int, construction: int, search: int
) -> np.ndarray:
    """Walk HNSW in usearch."""
    from usearch.index import Index

    index = Index(
        ndim=x_nc.shape[1], metric="l2sq", dtype="f32", connectivity=m,
        expansion_add=construction, expansion_search=search,
    )  # fmt: skip
    index.add(np.arange(len(x_nc)), x_nc, threads=threads)
    return without_self(index.search(x_nc, K + 1, threads=threads).keys.astype(np.int64))


def of_pynndescent(x_nc: np.ndarray, threads: int, **effort: int) -> np.ndarray:
    """Compare neighbours of neighbours until few change: what scanpy calls."""
    import pynndescent

    index = pynndescent.NNDescent(x_nc, random_state=0, n_jobs=threads, **effort)
    return without_self(index.neighbor_graph[0][:, : K + 1].astype(np.int64))


def without_self(indices_nk: np.ndarray) -> np.ndarray:
    """Leave each cell itself out, or the last where the search missed it."""
    n_cells = len(indices_nk)
    others_nk = indices_nk != np.arange(n_cells)[:, None]
    others_nk[others_nk.all(axis=1), -1] = False
    return indices_nk[others_nk].reshape(n_cells, -1)


_SMALL_WORLDS = [
    {"m": m, "construction": build, "search": search}
    for m, build, search in ((12, 60, 60), (16, 100, 60), (24, 100, 60))
]
METHODS: dict[str, tuple[str, Search, list[dict[str, float]]]] = {
    "knncolle hnsw": (
        "knncolle",
        of_knncolle,
        [
            {"num_links": m, "ef_construction": build, "ef_search": search}
            for m, build, search in (
                (12, 60, 40), (16, 60, 60), (16, 100, 50), (16, 200, 200), (24, 60, 40),
            )
        ],
    ),
    "knncolle annoy": ("knncolle", of_annoy, [{"num_trees": 20}, {"num_trees": 50}]),
    "knncolle vp-tree": ("knncolle", of_vp_tree, [{}]),
    "knncolle kmknn": ("knncolle", of_kmknn, [{}]),
    "faiss hnsw": ("faiss-cpu", of_faiss_hnsw, _SMALL_WORLDS),
    "faiss ivf": (
        "faiss-cpu",
        of_faiss_ivf,
        [{"lists": n, "probes": p} for n in (256, 512) for p in (16, 24, 32)],
    ),
    "hnswlib": ("hnswlib", of_hnswlib, _SMALL_WORLDS),
    "usearch": ("usearch", of_usearch, _SMALL_WORLDS),
    "pynndescent": ("pynndescent", of_pynndescent, [{"n_neighbors": n} for n in (10, 20, 30, 60)]),
}  # fmt: skip


if __name__ == "__main__":
    main()
