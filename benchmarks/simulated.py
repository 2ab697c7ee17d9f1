"""Simulated counts of any number of cells, block by block: in memory, or into an .h5ad file.

``python benchmarks/simulated.py OUT.h5ad [--cells 100000] [--genes 20000]`` writes one. A
dozen types share most of their genes' frequencies and have raised markers of their own; a
cell has about a thousand counts, on several hundred genes. What is drawn depends on the seed
and the numbers of cells and genes alone; memory is that of one block.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import write_elem
from scipy import sparse

N_TYPES = 12
N_MARKERS = 60  # per type
FOLD = 8.0  # of a marker's frequency in its own type
MEAN_COUNTS = 1000
BLOCK = 8192
_TABLE = 2**20  # entries of a type's table of genes: a draw is one look-up


def blocks(
    n_cells: int, n_genes: int, *, seed: int = 0
) -> Iterator[tuple[sparse.csr_matrix, np.ndarray]]:
    """Yield counts (cells × genes, CSR float32) and the type of each cell."""
    rng = np.random.default_rng(seed)
    base_g = rng.lognormal(sigma=2.8, size=n_genes)
    tables_tk = np.empty((N_TYPES, _TABLE), dtype=np.int32)
    for table_k in tables_tk:
        rate_g = base_g.copy()
        rate_g[rng.choice(n_genes, N_MARKERS, replace=False)] *= FOLD
        edges_g = np.cumsum(rate_g) / rate_g.sum()
        table_k[:] = np.searchsorted(edges_g, (np.arange(_TABLE) + 0.5) / _TABLE)
    for start in range(0, n_cells, BLOCK):
        n = min(BLOCK, n_cells - start)
        type_n = rng.integers(N_TYPES, size=n)
        depth_n = np.maximum(rng.lognormal(np.log(MEAN_COUNTS), 0.4, size=n).astype(int), 50)
        row = np.repeat(np.arange(n, dtype=np.int32), depth_n)
        gene = tables_tk[type_n[row], rng.integers(_TABLE, size=len(row))]
        ones = np.ones(len(row), dtype=np.float32)
        counts_ng = sparse.csr_matrix((ones, (row, gene)), shape=(n, n_genes))
        counts_ng.sum_duplicates()
        yield counts_ng, type_n


def simulate(n_cells: int, n_genes: int, *, seed: int = 0) -> AnnData:
    """Return the cells in memory, their types in ``obs["cell_type"]``."""
    parts = list(blocks(n_cells, n_genes, seed=seed))
    counts_ng = sparse.vstack([counts for counts, _ in parts], format="csr")
    types_n = np.concatenate([types for _, types in parts])
    return AnnData(counts_ng, obs=_obs(types_n), var=_var(n_genes))


def write(
    path: Path, n_cells: int, n_genes: int, *, seed: int = 0, compression: str | None = None
) -> None:
    """Write the cells as an .h5ad file, X in CSR; not compressed, or by a filter of HDF5."""
    types, lengths, n_values = [], [np.zeros(1, dtype=np.int64)], 0
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        group.attrs["shape"] = (n_cells, n_genes)
        form = {"shape": (0,), "maxshape": (None,), "chunks": (2**17,), "compression": compression}
        data = group.create_dataset("data", dtype=np.float32, **form)
        indices = group.create_dataset("indices", dtype=np.int32, **form)
        for counts_ng, type_n in blocks(n_cells, n_genes, seed=seed):
            for dataset, values in ((data, counts_ng.data), (indices, counts_ng.indices)):
                dataset.resize((n_values + counts_ng.nnz,))
                dataset[n_values:] = values
            n_values += counts_ng.nnz
            lengths.append(np.diff(counts_ng.indptr))
            types.append(type_n)
        group["indptr"] = np.cumsum(np.concatenate(lengths), dtype=np.int64)
        write_elem(file, "obs", _obs(np.concatenate(types)))
        write_elem(file, "var", _var(n_genes))


def _obs(types_n: np.ndarray) -> pd.DataFrame:
    names = [f"type {t}" for t in range(N_TYPES)]
    return pd.DataFrame(
        {"cell_type": pd.Categorical.from_codes(types_n, names)},
        index=[f"cell{i}" for i in range(len(types_n))],
    )


def _var(n_genes: int) -> pd.DataFrame:
    return pd.DataFrame(index=[f"GENE{g}" for g in range(n_genes)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=20_000)
    arguments = parser.parse_args()
    write(arguments.out, arguments.cells, arguments.genes)
