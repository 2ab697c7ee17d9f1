"""Predict a simulated .h5ad of any size in blocks, and print rate and peak memory.

``python benchmarks/predict_large.py MODEL [--cells 100000] [--genes 30000]`` writes Poisson
counts of the model's genes and of others to a temporary file, block by block, and times
``scbaseline predict`` on it in a process of its own. Peak memory is the system's own
accounting of that process (Linux and macOS).
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem
from scipy import sparse

from scbaseline import Classifier

NON_ZEROS = 1000  # per cell
BLOCK = 2000


def main() -> None:
    """Write the cells, predict them, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=30_000)
    arguments = parser.parse_args()
    card = Classifier.load(arguments.model).card
    with tempfile.TemporaryDirectory() as folder:
        query = Path(folder) / "query.h5ad"
        write_cells(query, list(card.gene_symbols), arguments.cells, arguments.genes)
        size = query.stat().st_size / 2**30
        command = [sys.executable, "-m", "scbaseline", "predict", str(arguments.model), str(query)]
        start = time.perf_counter()
        subprocess.run([*command, "--out", f"{folder}/predicted.csv", "--quiet"], check=True)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(
        f"{arguments.cells:,} cells × {arguments.genes:,} genes, {size:.2f} GiB on disk: "
        f"{seconds:.1f} s, {arguments.cells / seconds:,.0f} cells/s with start-up, "
        f"peak memory {peak:.2f} GiB"
    )


def write_cells(path: Path, symbols: list[str], n_cells: int, n_genes: int) -> None:
    """Write simulated counts block by block; the model's genes come first."""
    names = symbols + [f"other{i}" for i in range(n_genes - len(symbols))]
    rng = np.random.default_rng(0)
    frequency = rng.gamma(0.3, size=len(names)).cumsum()
    with h5py.File(path, "w") as file:
        write_elem(file, "obs", pd.DataFrame(index=[f"cell{i}" for i in range(n_cells)]))
        write_elem(file, "var", pd.DataFrame(index=names))
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        matrix = None
        for start in range(0, n_cells, BLOCK):
            n = min(BLOCK, n_cells - start)
            drawn = np.searchsorted(frequency, rng.random((n, NON_ZEROS)) * frequency[-1])
            rows = np.repeat(np.arange(n), NON_ZEROS)
            ones = np.ones(n * NON_ZEROS, dtype=np.float32)
            block = sparse.csr_matrix((ones, (rows, drawn.ravel())), shape=(n, len(names)))
            block.sum_duplicates()
            if matrix is None:
                write_elem(file, "X", block, dataset_kwargs={"chunks": True})
                from anndata.io import sparse_dataset

                matrix = sparse_dataset(file["X"])
            else:
                matrix.append(block)


if __name__ == "__main__":
    main()
