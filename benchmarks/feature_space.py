"""The feature space beside scanpy's normalise → log1p → HVG → scale → PCA: cost and agreement.

``python benchmarks/feature_space.py [PBMC3K.h5ad] [--cells 50000] [--genes 20000]`` takes the
counts of a file, or simulated ones, and runs both in processes of their own, in turns:
CPU-seconds on one thread and peak memory above what the counts take, after a first run on
300 cells that loads and compiles; median and range over ``--repeats``. Then: how many genes
both chose, and how much variance the components of each explain.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import simulated

_START = """
import json, resource, sys, time, warnings
import anndata, numpy as np
warnings.simplefilter("ignore")
adata = anndata.read_h5ad(sys.argv[1])
adata.X = adata.X.astype(np.float32, copy=False)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
"""
_OURS = """
from scbaseline import Counts, RunConfig, fit_feature_space

def way(adata):
    total_n = np.asarray(adata.X.sum(axis=1), dtype=np.float64).ravel()
    counts = Counts(adata.X, total_n)
    space = fit_feature_space(counts, RunConfig())
    space.project(space.scale(counts))
    return adata.var_names[space.genes_g], space.variance_c
"""
_SCANPYS = """
import scanpy as sc

def way(adata):
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    sc.pp.filter_genes(adata, min_cells=3)
    sc.pp.highly_variable_genes(adata, n_top_genes=2000, flavor="seurat")
    adata = adata[:, adata.var["highly_variable"]].copy()
    sc.pp.scale(adata, max_value=10)
    sc.pp.pca(adata, n_comps=50)
    return adata.var_names, adata.uns["pca"]["variance"]
"""
_END = """
way(adata[:300].copy())  # loads and compiles what it needs
base, start = peak(), time.process_time()
genes, variance = way(adata)
cpu, memory = time.process_time() - start, peak() - base
print(json.dumps(dict(cpu=cpu, memory=memory, genes=list(genes), variance=sum(variance))))
"""
WAYS = {"this package": _OURS, "scanpy": _SCANPYS}


def main() -> None:
    """Print both ways' cost, and how far they agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--cells", type=int, default=50_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file
        if path is None:
            path = Path(folder) / "cells.h5ad"
            simulated.write(path, arguments.cells, arguments.genes)
            print(f"{arguments.cells:,} simulated cells × {arguments.genes:,} genes")
        env = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        runs_of: dict[str, list[dict]] = {name: [] for name in WAYS}
        for _ in range(arguments.repeats):
            for name, way in WAYS.items():
                command = [sys.executable, "-c", _START + way + _END, path]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env)
                runs_of[name].append(json.loads(done.stdout.splitlines()[-1]))
    for name, runs in runs_of.items():
        cpu, memory = (np.array([run[key] for run in runs]) for key in ("cpu", "memory"))
        print(
            f"{name:13} {np.median(cpu):7.2f} CPU-seconds [{cpu.min():.2f}, {cpu.max():.2f}], "
            f"peak memory + {np.median(memory):.2f} GiB"
        )
    ours, theirs = (runs[0] for runs in runs_of.values())
    ratios = [t["cpu"] / o["cpu"] for o, t in zip(*runs_of.values(), strict=True)]
    shared = len(set(ours["genes"]) & set(theirs["genes"]))
    print(
        f"scanpy / this package, CPU-seconds: {np.median(ratios):.1f} "
        f"[{min(ratios):.1f}, {max(ratios):.1f}]; "
        f"{shared:,} of {len(theirs['genes']):,} genes the same; variance of the components: "
        f"{ours['variance'] / theirs['variance']:.6f} of scanpy's"
    )


if __name__ == "__main__":
    main()
