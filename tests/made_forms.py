"""The same simulated cells, written in every format and form in which strangers have them."""

import gzip
import warnings
from collections.abc import Callable
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import scanpy
import scipy.io
from scipy import sparse

from scbaseline.data.options import ReadOptions

N_CELLS, N_GENES = 500, 120
KNOWN = ["LYZ", "CD3D", "MS4A1", "HLA-DRA", "HLA-A", "MT-CO1", "MT-ND1", "B2M", "NKG7", "ACTB"]


def simulated() -> anndata.AnnData:
    """Return 500 cells with a batch in obs, symbols as names and Ensembl ids in var."""
    rng = np.random.default_rng(0)
    rate_g = rng.gamma(0.6, 2.0, size=N_GENES)
    depth_n = rng.lognormal(0.0, 0.4, size=N_CELLS)
    letters = np.array(list("ACGT"))
    barcodes = ["".join(letters[rng.integers(4, size=16)]) + "-1" for _ in range(N_CELLS)]
    return anndata.AnnData(
        sparse.csr_matrix(rng.poisson(depth_n[:, None] * rate_g), dtype=np.float32),
        obs=pd.DataFrame({"batch": rng.choice(["a", "b"], size=N_CELLS)}, index=barcodes),
        var=pd.DataFrame(
            {"gene_ids": [f"ENSG{g:011d}" for g in range(N_GENES)]},
            index=[*KNOWN, *(f"GENE{g}" for g in range(len(KNOWN), N_GENES))],
        ),
    )


def write_zarr(adata: anndata.AnnData, path: Path, *, version: int = 2) -> Path:
    """Write a .zarr store of a version of that format."""
    with anndata.settings.override(zarr_write_format=version), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the next version of anndata will do
        adata.write_zarr(path)
    return path


def write_10x_h5(adata: anndata.AnnData, path: Path, *, genomes: list[str] | None = None) -> Path:
    """Write a 10x file as Cell Ranger 3 does; ``genomes`` has one entry per gene."""
    counts_ng = sparse.csr_matrix(adata.X).astype(np.int32)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        _write_csr(group, counts_ng, adata)
        group["features/id"] = adata.var["gene_ids"].to_numpy().astype("S")
        group["features/name"] = adata.var_names.to_numpy().astype("S")
        group["features/feature_type"] = np.array([b"Gene Expression"] * adata.n_vars)
        group["features/genome"] = np.array(genomes or ["GRCh38"] * adata.n_vars).astype("S")
    return path


def write_10x_h5_v2(adata: anndata.AnnData, path: Path, *genomes: str) -> Path:
    """Write a 10x file as Cell Ranger 2 does, the same counts for each of the genomes."""
    with h5py.File(path, "w") as file:
        for genome in genomes or ("GRCh38",):
            group = file.create_group(genome)
            _write_csr(group, sparse.csr_matrix(adata.X).astype(np.int32), adata)
            group["genes"] = adata.var["gene_ids"].to_numpy().astype("S")
            group["gene_names"] = adata.var_names.to_numpy().astype("S")
    return path


def _write_csr(group: h5py.Group, counts_ng: sparse.csr_matrix, adata: anndata.AnnData) -> None:
    for name in ("data", "indices", "indptr"):
        group[name] = getattr(counts_ng, name)
    group["shape"] = counts_ng.shape[::-1]
    group["barcodes"] = adata.obs_names.to_numpy().astype("S")


def write_mtx(
    adata: anndata.AnnData, folder: Path, *, prefix: str = "", gzipped: bool = True
) -> Path:
    """Write a 10x folder of version 3, its files with a prefix."""
    folder.mkdir(exist_ok=True)
    scipy.io.mmwrite(folder / "m.mtx", sparse.coo_matrix(adata.X.T).astype(np.int64))
    contents = {
        "matrix.mtx": (folder / "m.mtx").read_text(),
        "barcodes.tsv": "".join(f"{name}\n" for name in adata.obs_names),
        "features.tsv": "".join(
            f"{gene}\t{name}\tGene Expression\n"
            for gene, name in zip(adata.var["gene_ids"], adata.var_names, strict=True)
        ),
    }
    (folder / "m.mtx").unlink()
    for name, text in contents.items():
        path = folder / f"{prefix}{name}{'.gz' if gzipped else ''}"
        path.write_bytes(gzip.compress(text.encode()) if gzipped else text.encode())
    return folder


def write_table(adata: anndata.AnnData, path: Path, *, transposed: bool = False) -> Path:
    """Write a table, separated by what its ending says, gzipped if it says so."""
    x = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    frame = pd.DataFrame(x, index=adata.obs_names, columns=adata.var_names)
    whole = np.all(np.abs(x) < 2**31) and np.all(x == np.rint(x))
    frame = frame.astype(int if whole else float)
    (frame.T if transposed else frame).to_csv(path, sep="," if ".csv" in path.name else "\t")
    return path


def _h5ad(change: Callable[[anndata.AnnData], object] | None = None) -> object:
    def write(adata: anndata.AnnData, folder: Path) -> Path:
        changed = change(adata) if change else None
        adata = adata if changed is None else changed
        adata.write_h5ad(folder / "x.h5ad")
        return folder / "x.h5ad"

    return write


def _normalise(adata: anndata.AnnData, target_sum: float | None = 1e4) -> None:
    scanpy.pp.normalize_total(adata, target_sum=target_sum)
    scanpy.pp.log1p(adata)


def _log2(adata: anndata.AnnData) -> None:
    scanpy.pp.normalize_total(adata, target_sum=1e6)
    adata.X.data = np.log2(adata.X.data + 1)


def _hide(adata: anndata.AnnData) -> None:
    adata.layers["umis"] = adata.X.copy()
    _scale(adata)


def _hide_in_raw(adata: anndata.AnnData) -> None:
    adata.raw = adata.copy()
    _scale(adata)


def _scale(adata: anndata.AnnData) -> None:
    adata.X = adata.X.toarray()
    scanpy.pp.scale(adata)


def _dense_columns(adata: anndata.AnnData) -> None:
    adata.X = sparse.csc_matrix(adata.X)


def _ids(adata: anndata.AnnData) -> None:
    adata.var_names = adata.var.pop("gene_ids")


def _versions(adata: anndata.AnnData) -> None:
    adata.var_names = [f"{gene}.{i % 9 + 1}" for i, gene in enumerate(adata.var.pop("gene_ids"))]


def _dots(adata: anndata.AnnData) -> None:
    adata.var_names = [name.replace("-", ".") for name in adata.var_names]


def _write_two_mtx(adata: anndata.AnnData, folder: Path) -> Path:
    write_mtx(adata, folder / "10x", prefix="GSM1_")
    return write_mtx(adata, folder / "10x", prefix="GSM2_")


Write = Callable[[anndata.AnnData, Path], Path]

SAME: dict[str, tuple[Write, ReadOptions]] = {
    "h5ad": (_h5ad(), ReadOptions()),
    "h5ad, columns": (_h5ad(_dense_columns), ReadOptions()),
    "h5ad, layer": (_h5ad(_hide), ReadOptions(layer="umis")),
    "h5ad, raw": (_h5ad(_hide_in_raw), ReadOptions(use_raw=True)),
    "h5ad, transposed": (_h5ad(lambda adata: adata.T.copy()), ReadOptions(transpose=True)),
    "h5ad, log1p of counts per 10,000": (_h5ad(_normalise), ReadOptions()),
    "h5ad, log1p of counts per median": (
        _h5ad(lambda adata: _normalise(adata, None)),
        ReadOptions(),
    ),
    "h5ad, log2 of counts per million": (_h5ad(_log2), ReadOptions()),
    "h5ad, log1p": (_h5ad(scanpy.pp.log1p), ReadOptions()),
    "h5ad, Ensembl ids": (_h5ad(_ids), ReadOptions()),
    "h5ad, ids with versions": (_h5ad(_versions), ReadOptions()),
    "h5ad, dots for dashes": (_h5ad(_dots), ReadOptions()),
    "zarr 2": (lambda adata, folder: write_zarr(adata, folder / "x.zarr"), ReadOptions()),
    "zarr 3": (
        lambda adata, folder: write_zarr(adata, folder / "x.zarr", version=3),
        ReadOptions(),
    ),
    "10x h5, v3": (lambda adata, folder: write_10x_h5(adata, folder / "x.h5"), ReadOptions()),
    "10x h5, v2": (lambda adata, folder: write_10x_h5_v2(adata, folder / "x.h5"), ReadOptions()),
    "10x h5, one of two genomes": (
        lambda adata, folder: write_10x_h5_v2(adata, folder / "x.h5", "GRCh38", "mm10"),
        ReadOptions(genome="GRCh38"),
    ),
    "mtx": (lambda adata, folder: write_mtx(adata, folder / "10x"), ReadOptions()),
    "mtx, plain": (
        lambda adata, folder: write_mtx(adata, folder / "10x", gzipped=False),
        ReadOptions(),
    ),
    "mtx, prefix": (
        lambda adata, folder: write_mtx(adata, folder / "10x", prefix="GSM1_"),
        ReadOptions(),
    ),
    "csv": (lambda adata, folder: write_table(adata, folder / "x.csv"), ReadOptions()),
    "csv.gz": (lambda adata, folder: write_table(adata, folder / "x.csv.gz"), ReadOptions()),
    "tsv": (lambda adata, folder: write_table(adata, folder / "x.tsv"), ReadOptions()),
    "txt.gz": (lambda adata, folder: write_table(adata, folder / "x.txt.gz"), ReadOptions()),
    "csv, transposed": (
        lambda adata, folder: write_table(adata, folder / "x.csv", transposed=True),
        ReadOptions(transpose=True),
    ),
}
"""Forms that give the same counts, by what the user has to say of them."""

REFUSED: dict[str, tuple[Write, str]] = {
    "transposed h5ad": (_h5ad(lambda adata: adata.T.copy()), "pass --transpose"),
    "transposed csv": (
        lambda adata, folder: write_table(adata, folder / "x.csv", transposed=True),
        "pass --transpose",
    ),
    "scaled": (_h5ad(_scale), "look scaled or centred"),
    "counts in a layer": (_h5ad(_hide), "pass --layer umis"),
    "counts in raw": (_h5ad(_hide_in_raw), "pass --use-raw"),
    "two genomes, v2": (
        lambda adata, folder: write_10x_h5_v2(adata, folder / "x.h5", "hg19", "mm10"),
        "several genomes: hg19, mm10; pass one of them, e.g. --genome hg19",
    ),
    "two genomes, v3": (
        lambda adata, folder: write_10x_h5(
            adata, folder / "x.h5", genomes=["hg19", "mm10"] * (N_GENES // 2)
        ),
        "several genomes: hg19, mm10; pass one of them, e.g. --genome hg19",
    ),
    "two prefixes": (
        _write_two_mtx,
        "several matrices: GSM1_matrix.mtx.gz, GSM2_matrix.mtx.gz; pass the path of one",
    ),
}
"""Forms that are refused, by words of the refusal."""
