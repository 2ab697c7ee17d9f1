"""Turns the folders of kallisto|bustools, alevin-fry and Parse Biosciences into an AnnData.

A folder of STARsolo is one of 10x: Solo.out/Gene/filtered holds the same three files.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline import keys
from scbaseline.data.encoding import packing, require_text
from scbaseline.data.folders import files_below, one_of_each, refuse_other_samples
from scbaseline.data.foreign import ALEVIN
from scbaseline.data.mtx import read_mtx
from scbaseline.data.tenx import NoListError, read_10x_mtx
from scbaseline.errors import InputError, ScbaselineWarning


@dataclass(frozen=True)
class ToolFiles:
    """The files of a folder, by the names that one tool gives them.

    Attributes
    ----------
    matrix
        A pattern of its name; what its group ``stem`` holds stands for ``{stem}`` in others.
    cells, genes
        The lists beside it, by any of these names.
    symbols
        A list of symbols in the order of the genes, where there may be one.
    """

    name: str
    matrix: str
    cells: tuple[str, ...]
    genes: tuple[str, ...]
    symbols: str = ""


TOOLS = (
    ToolFiles(
        "kallisto|bustools",
        r"(?P<stem>(?!(?:un)?spliced|ambiguous)[^.]+)(?:\.total|\.cell|\.nucleus)?\.mtx",
        ("{stem}.barcodes.txt",),
        ("{stem}.genes.txt",),
        symbols="{stem}.genes.names.txt",
    ),
    ToolFiles(
        "alevin-fry",
        r"quants_mat\.mtx",
        ("quants_mat_rows.txt",),
        ("quants_mat_cols.txt",),
    ),
    ToolFiles(
        "Parse Biosciences",
        r"(?:count_matrix|DGE)\.mtx",
        ("cell_metadata.csv",),
        ("all_genes.csv", "genes.csv"),
    ),
)
_OF_NO_OTHER_SAMPLE = re.compile(
    r"(?:(?:[^.]+\.)?(?:spliced|unspliced|ambiguous|mature|nascent|cell|nucleus|total)"
    r"|cells_x_tcc|matrix\.abundance.*)\.mtx(?:\.gz)?"
)
_OWN_NAMES = re.compile(r"cells_x_genes(?:\.\w+)?\.mtx|quants_mat\.mtx|count_matrix\.mtx|DGE\.mtx")
_CONVERT = {
    "quants_mat.gz": ALEVIN,
    "spliced.mtx": (
        "holds counts for RNA velocity, spliced and unspliced apart; pass counts of whole genes "
        "(of STARsolo: the folder Gene/filtered; of kb: run kb count without --workflow)"
    ),
    "cells_x_genes.mature.mtx": (
        "holds mature, nascent and ambiguous counts apart; run kb count again with --sum=total, "
        "and pass the folder with cells_x_genes.total.mtx"
    ),
    "cells_x_tcc.mtx": (
        "holds counts of sets of transcripts, not of genes; run kb count again without --tcc"
    ),
    "output.bus": (
        "holds reads of kallisto, not counts; type: bustools sort, bustools count --genecounts, "
        "then pass the folder with cells_x_genes.mtx"
    ),
    "peaks.bed": "holds peaks of ATAC, not genes; pass gene expression",
}


def read_folder(path: Path, *, name: str = "") -> AnnData:
    """Read a folder of counts, or the matrix in it, by whichever tool wrote it.

    Parameters
    ----------
    path
        The folder or the matrix.
    name
        What a warning calls it, if not by its own name.

    Raises
    ------
    InputError
        No folder of a tool that is known, or its files do not fit together.
    """
    if path.is_file():
        tool = _tool_of(path)
        return _read_alone(path) if tool is None else _read(path, tool)
    for part in sorted(path.iterdir()):
        if part.is_symlink() and not part.exists():
            raise InputError(
                f"{part.name} in it is a link to {part.readlink()}, which is not there; "
                "mend the link, or copy the file"
            )
    files = files_below(path)
    of_tools = [file for file in files if _tool_of(file)]
    matrix, said = one_of_each(path, [*of_tools, *_beside(of_tools, files)])
    if matrix is not None and (tool := _tool_of(matrix)):
        if said:
            warnings.warn(f"{name or path.name}: {said}", ScbaselineWarning, stacklevel=2)
        refuse_other_samples(path, matrix, files)
        return _read(matrix, tool)
    by_name = {file.name: file for file in reversed(files)}
    if not any(name.endswith(("matrix.mtx", "matrix.mtx.gz")) for name in by_name) or (
        "peaks.bed" in by_name
    ):
        for name, what in _CONVERT.items():
            if found := by_name.get(name) or by_name.get(f"{name}.gz"):
                raise InputError(f"{found.relative_to(path)} {what}")
    return read_10x_mtx(path)


def _tool_of(matrix: Path) -> ToolFiles | None:
    return next((tool for tool in TOOLS if _is_of(matrix, tool)), None)


def _beside(of_tools: Sequence[Path], files: Sequence[Path]) -> list[Path]:
    """Return matrices of other samples in the folders of those that tools are known to write.

    Parts of the counts, as for RNA velocity, are of no other sample.
    """
    folders = {file.parent for file in of_tools}
    return [
        file for file in files
        if file.parent in folders and file.name.removesuffix(".gz").endswith(".mtx")
        and file not in of_tools and not _OF_NO_OTHER_SAMPLE.fullmatch(file.name)
    ]  # fmt: skip


def _is_of(matrix: Path, tool: ToolFiles) -> bool:
    """Whether a matrix is of a tool: by its name, and by a list of the tool's beside it."""
    name = matrix.name.removesuffix(".gz")
    match = re.fullmatch(tool.matrix, name)
    if match is None:
        return False
    lists = [_list_path(matrix, names, tool) for names in (tool.cells, tool.genes)]
    return all(lists) or (_OWN_NAMES.fullmatch(name) is not None and any(lists))


def _read_alone(path: Path) -> AnnData:
    """Read a matrix by the lists that lie beside it, which may have any tool's names."""
    try:
        return read_10x_mtx(path)
    except NoListError as error:
        if "matrix.mtx" in path.name:
            raise
        raise InputError(
            "is a matrix without the names of its cells and genes; pass the folder of "
            "matrix.mtx, barcodes.tsv and features.tsv"
        ) from error


def _read(matrix: Path, tool: ToolFiles) -> AnnData:
    cells, genes = (_list(matrix, names, tool) for names in (tool.cells, tool.genes))
    counts = read_mtx(matrix)
    shape = (len(cells), len(genes))
    if counts.shape == shape[::-1] != shape:
        counts = counts.T
    if counts.shape != shape:
        raise InputError(
            f"{matrix.name} has {counts.shape[0]} rows and {counts.shape[1]} columns, but there "
            f"are {shape[0]} cells and {shape[1]} genes in the lists beside it; "
            f"take the three files of {tool.name} from one folder"
        )
    ids = genes.iloc[:, 0].to_numpy(dtype=object)
    symbols = ids
    if "gene_name" in genes:
        symbols = genes["gene_name"].to_numpy(dtype=object)
    elif tool.symbols and _list_path(matrix, (tool.symbols,), tool):
        symbols = _list(matrix, (tool.symbols,), tool).iloc[:, 0].to_numpy(dtype=object)
        if len(symbols) != len(ids):
            raise InputError(
                f"the list of names has {len(symbols)} names for {len(ids)} genes; take the files "
                "from one folder"
            )
    symbols = np.where(symbols == "", ids, symbols)
    var = pd.DataFrame({keys.GENE_IDS: ids}, index=symbols)
    obs = pd.DataFrame(index=cells.iloc[:, 0].to_numpy(dtype=object))
    for column in cells.columns[1:]:
        obs[str(column)] = cells[column].to_numpy()
    adata = AnnData(sparse.csr_matrix(counts), obs=obs, var=var)
    return _spliced(adata) if tool.name == "alevin-fry" else adata


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


def _list_path(matrix: Path, names: tuple[str, ...], tool: ToolFiles) -> Path | None:
    match = re.fullmatch(tool.matrix, matrix.name.removesuffix(".gz"))
    stem = match.groupdict().get("stem", "") if match else ""
    beside = [
        matrix.parent / f"{name.format(stem=stem)}{ending}" for name in names
        for ending in ("", ".gz")
    ]  # fmt: skip
    return next((file for file in beside if file.is_file()), None)


def _list(matrix: Path, names: tuple[str, ...], tool: ToolFiles) -> pd.DataFrame:
    path = _list_path(matrix, names, tool)
    if path is None:
        stem = matrix.name.partition(".")[0]
        wanted = " or ".join(name.format(stem=stem) for name in names)
        raise InputError(
            f"{matrix.parent.name} has {matrix.name} of {tool.name}, but no {wanted}; add the file"
        )
    require_text(path)
    has_header = path.name.removesuffix(".gz").endswith(".csv")
    try:
        return pd.read_csv(
            path, sep="," if has_header else "\t", header=0 if has_header else None,
            keep_default_na=False, dtype=str, compression=packing(path),
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        return pd.DataFrame({0: pd.Series(dtype=str)})
