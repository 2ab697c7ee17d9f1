"""Small files made by hand, for tests to read."""

import gzip
import io
import tarfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.io
from scipy import sparse

from scbaseline.data.datasets import DATASETS, Dataset
from scbaseline.data.fingerprint import fingerprint

COUNTS = np.array([[0, 3, 0, 1], [2, 0, 0, 0], [0, 0, 5, 1]])  # cells × genes
BARCODES = ["AAAC-1", "AAAG-1", "AAAT-1"]
IDS = ["ENSG00000090382", "ENSG00000167286", "ENSG00000156738", "ENSG00000000419"]
SYMBOLS = ["LYZ", "CD3D", "NA", "LYZ"]  # one twice, one that pandas would take for missing
ALL = ("matrix", "barcodes", "genes", "features")


def counts_adata(matrix: object = COUNTS, **var: object) -> anndata.AnnData:
    """Return the counts with a batch in obs; ``index`` names the genes."""
    index = var.pop("index", ["a", "b", "c", "d"])
    return anndata.AnnData(
        sparse.csr_matrix(matrix, dtype=np.float32),
        obs=pd.DataFrame({"batch": ["x", "y", "x"]}, index=BARCODES),
        var=pd.DataFrame(var, index=index),
    )


def written(adata: anndata.AnnData, path: Path) -> Path:
    """Write an h5ad file and return its path."""
    adata.write_h5ad(path)
    return path


def write_10x(
    folder: Path, *, version: int = 2, gzipped: tuple[str, ...] = (), types: object = None
) -> Path:
    """Write the counts as a 10x folder; ``gzipped`` names the files to compress."""
    folder.mkdir(parents=True)
    matrix = folder / "matrix.mtx"
    scipy.io.mmwrite(matrix, sparse.coo_matrix(COUNTS.T))
    (folder / "barcodes.tsv").write_text("".join(f"{barcode}\n" for barcode in BARCODES))
    features = folder / ("genes.tsv" if version == 2 else "features.tsv")
    types = types or ["Gene Expression"] * 4
    features.write_text(
        "".join(
            f"{gene}\t{symbol}\n" if version == 2 else f"{gene}\t{symbol}\t{kind}\n"
            for gene, symbol, kind in zip(IDS, SYMBOLS, types, strict=True)
        )
    )
    for path in (matrix, folder / "barcodes.tsv", features):
        if path.stem in gzipped:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    return folder


def write_10x_tar(path: Path, *, inside: str = "filtered_gene_bc_matrices/hg19") -> Path:
    """Write the counts as the archive of a 10x folder, which lies ``inside`` it."""
    folder = write_10x(path.with_name(f"{path.name}-made"))
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted(folder.iterdir()):
            member = tarfile.TarInfo(str(Path(inside) / file.name))
            member.size = file.stat().st_size
            archive.addfile(member, io.BytesIO(file.read_bytes()))
            file.unlink()
    folder.rmdir()
    return path


def truncations(path: Path) -> list[bytes]:
    """Return the beginnings of a file, at every twentieth of its length."""
    whole = path.read_bytes()
    return [whole[: len(whole) * percent // 100] for percent in range(0, 100, 5)]


def register_toy(monkeypatch: pytest.MonkeyPatch, *urls: str, name: str = "toy") -> Dataset:
    """Put the counts into the table as a data set of these addresses."""
    dataset = Dataset(
        name,
        title="Toy",
        summary="Three cells",
        n_cells=3,
        n_genes=4,
        fingerprint=fingerprint(counts_adata(gene_ids=IDS)),
        licence="CC0",
        citation="none",
        urls=urls,
        filenames=("toy_raw.h5ad", "filtered_gene_bc_matrices/hg19", "toy_matrices.tar.gz"),
    )
    monkeypatch.setitem(DATASETS, name, dataset)
    return dataset


def write_toy(folder: Path) -> dict[str, Path]:
    """Write the two files as which the toy data set may be had."""
    folder.mkdir(parents=True)
    return {
        "h5ad": written(counts_adata(gene_ids=IDS), folder / "toy_raw.h5ad"),
        "tar.gz": write_10x_tar(folder / "toy_matrices.tar.gz"),
    }
