"""Turns the folders of kallisto|bustools, alevin-fry and Parse Biosciences into an AnnData.

A folder of STARsolo is one of 10x: Solo.out/Gene/filtered holds the same three files.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline import keys
from scbaseline.data.encoding import packing, require_text
from scbaseline.data.mtx import read_mtx
from scbaseline.data.tenx import read_10x_mtx
from scbaseline.errors import InputError, ScbaselineWarning


@dataclass(frozen=True)
class Layout:
    """The files of a folder, and where below the given one they may lie.

    Attributes
    ----------
    symbols
        A list of symbols in the order of the genes, where there may be one.
    """

    tool: str
    matrix: str
    cells: str
    genes: str
    below: tuple[str, ...]
    symbols: str = ""


_BUSTOOLS = ("", "counts_filtered", "counts_unfiltered")
LAYOUTS = (
    *(
        Layout(
            "kallisto|bustools",
            f"cells_x_genes{part}.mtx",
            "cells_x_genes.barcodes.txt",
            "cells_x_genes.genes.txt",
            _BUSTOOLS,
            symbols="cells_x_genes.genes.names.txt",
        )
        for part in ("", ".total")
    ),
    Layout(
        "alevin-fry",
        "quants_mat.mtx",
        "quants_mat_rows.txt",
        "quants_mat_cols.txt",
        ("", "alevin", "quant/alevin"),
    ),
    *(
        Layout(
            "Parse Biosciences",
            matrix,
            "cell_metadata.csv",
            "all_genes.csv",
            ("", "DGE_filtered", "all-sample/DGE_filtered"),
        )
        for matrix in ("count_matrix.mtx", "DGE.mtx")
    ),
)
_CONVERT = {
    "quants_mat.gz": (
        "is an output of alevin in its own format; run `salmon alevin` with --dumpMtx, or in R: "
        "tximport::tximport('quants_mat.gz', type = 'alevin')"
    ),
    "spliced.mtx": (
        "holds STARsolo's counts for RNA velocity; pass the folder Gene/filtered beside it"
    ),
    "output.bus": (
        "holds reads of kallisto, not counts; type: bustools sort, bustools count --genecounts, "
        "then pass the folder with cells_x_genes.mtx"
    ),
}


def read_folder(path: Path) -> AnnData:
    """Read a folder of counts, or the matrix in it, by whichever tool wrote it.

    Raises
    ------
    InputError
        No folder of a tool that is known, or its files do not fit together.
    """
    if path.is_dir():
        for part in sorted(path.iterdir()):
            if part.is_symlink() and not part.exists():
                raise InputError(
                    f"{part.name} in it is a link to {part.readlink()}, which is not there; "
                    "mend the link, or copy the file"
                )
    for layout in LAYOUTS:
        for folder in [path.parent] if path.is_file() else [path / below for below in layout.below]:
            for ending in ("", ".gz"):
                matrix = folder / f"{layout.matrix}{ending}"
                if matrix.is_file() and path in (folder, matrix, *matrix.parents):
                    if path.is_file() and path != matrix:
                        continue
                    return _read(matrix, layout)
    name = path.name.lower()
    if path.is_file() and not name.endswith(("matrix.mtx", "matrix.mtx.gz")):
        raise InputError(
            "is a matrix without the names of its cells and genes; pass the folder of "
            "matrix.mtx, barcodes.tsv and features.tsv"
        )
    if path.is_dir() and not any(path.rglob("*matrix.mtx*")):
        for name, what in _CONVERT.items():
            if found := next(path.rglob(name), None):
                raise InputError(f"{found.relative_to(path)} {what}")
    return read_10x_mtx(path)


def _read(matrix: Path, layout: Layout) -> AnnData:
    folder = matrix.parent
    cells, genes = (_list(folder, name, layout) for name in (layout.cells, layout.genes))
    counts = read_mtx(matrix)
    shape = (len(cells), len(genes))
    if counts.shape == shape[::-1] != shape:
        counts = counts.T
    if counts.shape != shape:
        raise InputError(
            f"{matrix.name} has {counts.shape[0]} rows and {counts.shape[1]} columns, but there "
            f"are {shape[0]} cells in {layout.cells} and {shape[1]} genes in {layout.genes}; "
            f"take the three files of {layout.tool} from one folder"
        )
    ids = genes.iloc[:, 0].to_numpy(dtype=object)
    symbols = ids
    if "gene_name" in genes:
        symbols = genes["gene_name"].to_numpy(dtype=object)
    elif layout.symbols and any(folder.glob(f"{layout.symbols}*")):
        symbols = _list(folder, layout.symbols, layout).iloc[:, 0].to_numpy(dtype=object)
        if len(symbols) != len(ids):
            raise InputError(
                f"{layout.symbols} has {len(symbols)} names for {len(ids)} genes; take the files "
                "from one folder"
            )
    symbols = np.where(symbols == "", ids, symbols)
    var = pd.DataFrame({keys.GENE_IDS: ids}, index=symbols)
    obs = pd.DataFrame(index=cells.iloc[:, 0].to_numpy(dtype=object))
    for column in cells.columns[1:]:
        obs[str(column)] = cells[column].to_numpy()
    adata = AnnData(sparse.csr_matrix(counts), obs=obs, var=var)
    return _spliced(adata) if layout.tool == "alevin-fry" else adata


def _spliced(adata: AnnData) -> AnnData:
    """Add alevin-fry's ambiguous counts to the spliced ones; unspliced ones are left out."""
    names = adata.var[keys.GENE_IDS].astype(str)
    is_unspliced = names.str.endswith("-U").to_numpy()
    is_ambiguous = names.str.endswith("-A").to_numpy()
    n = len(names) // 3
    if not (is_unspliced.sum() == is_ambiguous.sum() == n and 3 * n == len(names) > 0):
        return adata
    plain, ambiguous = names[~is_unspliced & ~is_ambiguous], names[is_ambiguous].str[:-2]
    if set(plain) != set(ambiguous):
        return adata
    columns = np.flatnonzero(~is_unspliced & ~is_ambiguous)
    place = dict(zip(ambiguous, np.flatnonzero(is_ambiguous), strict=True))
    counts = adata.X[:, columns] + adata.X[:, [place[name] for name in plain]]
    warnings.warn(
        "alevin-fry counted spliced, unspliced and ambiguous reads apart; spliced and ambiguous "
        "ones are added, unspliced ones are left out",
        ScbaselineWarning,
        stacklevel=2,
    )
    return AnnData(counts, obs=adata.obs, var=adata.var.iloc[columns].copy())


def _list(folder: Path, name: str, layout: Layout) -> pd.DataFrame:
    beside = (folder / f"{name}{ending}" for ending in ("", ".gz"))
    path = next((file for file in beside if file.is_file()), None)
    if path is None:
        raise InputError(
            f"{folder.name} has {layout.matrix} of {layout.tool}, but no {name}; add the file"
        )
    require_text(path)
    has_header = name.endswith(".csv")
    try:
        return pd.read_csv(
            path, sep="," if has_header else "\t", header=0 if has_header else None,
            keep_default_na=False, dtype=str, compression=packing(path),
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        return pd.DataFrame({0: pd.Series(dtype=str)})
