"""Writes the files of counts as several tools leave them in a folder."""

import io
from pathlib import Path

import numpy as np
import scipy.io
from made_forms import simulated
from scipy import sparse

WHOLE = simulated()[:20, :30].copy()
COUNTS = WHOLE.X.toarray()
CELLS, GENES, IDS = list(WHOLE.obs_names), list(WHOLE.var_names), list(WHOLE.var["gene_ids"])
FEATURES = [f"{gene}\t{name}" for gene, name in zip(IDS, GENES, strict=True)]


def write_matrix(path: Path, matrix: np.ndarray = COUNTS) -> None:
    """Write a matrix of counts as MatrixMarket does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    scipy.io.mmwrite(content, sparse.coo_matrix(matrix).astype(int))
    path.write_bytes(content.getvalue())


def write_lines(path: Path, values: list[str]) -> None:
    """Write values, one a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{value}\n" for value in values))


def write_three(folder: Path, matrix: str, barcodes: str, features: str) -> Path:
    """Write 10x's three files by any names."""
    write_matrix(folder / matrix, COUNTS.T)
    write_lines(folder / barcodes, CELLS)
    write_lines(folder / features, FEATURES)
    return folder


def write_bustools(
    folder: Path, stem: str = "cells_x_genes", matrix: str = "cells_x_genes"
) -> Path:
    """Write the files of kallisto|bustools."""
    write_matrix(folder / f"{matrix}.mtx")
    write_lines(folder / f"{stem}.barcodes.txt", CELLS)
    write_lines(folder / f"{stem}.genes.txt", IDS)
    return folder


def write_alevin(folder: Path) -> Path:
    """Write the files of alevin-fry."""
    write_matrix(folder / "quants_mat.mtx")
    write_lines(folder / "quants_mat_rows.txt", CELLS)
    write_lines(folder / "quants_mat_cols.txt", IDS)
    return folder


def write_parse(folder: Path, genes: str = "all_genes.csv") -> Path:
    """Write the files of Parse Biosciences."""
    write_matrix(folder / "count_matrix.mtx")
    rows = [f"{gene},{name}" for gene, name in zip(IDS, GENES, strict=True)]
    write_lines(folder / genes, ["gene_id,gene_name", *rows])
    write_lines(folder / "cell_metadata.csv", ["bc_wells,sample", *(f"{cell},s" for cell in CELLS)])
    return folder
