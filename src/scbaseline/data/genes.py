"""Turns the genes of a file into symbols with Ensembl ids, and two gene lists into one.

A gene is known by its Ensembl id first, by its symbol second: symbols are renamed from
one annotation to the next, and one symbol may stand for several genes.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata.utils import make_index_unique
from scipy import sparse

from scbaseline import keys
from scbaseline.data.renamed import TODAY
from scbaseline.errors import InputError

ENSEMBL_ID = re.compile(r"ENS[A-Z]*G\d+(\.\d+)?")

_SYMBOL_COLUMNS = ("gene_symbols", "gene_symbol", "gene_name", "feature_name", "gene_short_name")
_ID_COLUMNS = ("gene_id", "ensembl_id", "ensembl", "feature_id")


@dataclass(frozen=True, eq=False)
class GeneAlignment:
    """Where each gene of a model stands in a query.

    Attributes
    ----------
    columns
        For each model gene, its column in the query, or -1.
    missing
        The symbols of the model genes that the query lacks, in the model's order.
    n_by_id, n_by_symbol
        How many were found by Ensembl id, and how many only by symbol.
    n_duplicates
        Query columns left out because an earlier column is the same gene.
    """

    columns: npt.NDArray[np.int64]
    missing: tuple[str, ...]
    n_by_id: int
    n_by_symbol: int
    n_duplicates: int

    @property
    def n_found(self) -> int:
        """The number of model genes that the query has."""
        return self.n_by_id + self.n_by_symbol


def align_genes(
    model_symbols: Sequence[str], model_ids: Sequence[str], var: pd.DataFrame
) -> GeneAlignment:
    """Find each gene of a model in a query: by id, else by symbol, else by a renamed symbol.

    Parameters
    ----------
    model_symbols
        The model's gene symbols.
    model_ids
        Their ids, ``""`` where unknown; the versions of Ensembl ids are ignored.
    var
        The query's genes: symbols or Ensembl ids as index, ids in ``gene_ids`` where known.

    Raises
    ------
    InputError
        The two have no gene in common.
    """
    symbols = [str(name) for name in var.index]
    if keys.GENE_IDS in var:
        ids = [bare_id(gene) for gene in _texts(var[keys.GENE_IDS])]
    else:
        ids = [bare_id(name) if ENSEMBL_ID.fullmatch(name) else "" for name in symbols]
    wanted_ids = [bare_id(str(gene)) for gene in model_ids]

    column_of_id, extra_ids = _first_columns(ids, wanted=set(wanted_ids) - {""})
    # pop: an id or a symbol that the model has twice is found once.
    columns = np.array([column_of_id.pop(gene, -1) for gene in wanted_ids], dtype=np.int64)
    n_by_id = int((columns >= 0).sum())

    # A column that was claimed by its id is not given away a second time by its symbol.
    taken = set(columns.tolist())
    unfound = {symbol for symbol, column in zip(model_symbols, columns, strict=True) if column < 0}
    column_of_symbol, extra_symbols = _first_columns(
        ["" if column in taken else symbol for column, symbol in enumerate(symbols)],
        wanted=unfound,
    )
    for gene in np.flatnonzero(columns < 0).tolist():
        columns[gene] = column_of_symbol.pop(model_symbols[gene], -1)
    # Last, under the names of today: annotations of different years meet there.
    taken = set(columns.tolist())
    column_today = {
        TODAY.get(symbol, symbol): column
        for column, symbol in reversed(list(enumerate(symbols)))
        if column not in taken
    }
    for gene in np.flatnonzero(columns < 0).tolist():
        symbol = model_symbols[gene]
        columns[gene] = column_today.pop(TODAY.get(symbol, symbol), -1)

    n_found = int((columns >= 0).sum())
    if n_found == 0:
        raise InputError(
            f"no gene in common: the model has {_examples(model_symbols, model_ids)}; "
            f"the data have {_examples(symbols, ids)}; "
            "pass genes as symbols, or as Ensembl ids of the same species"
        )
    missing = tuple(
        str(symbol) for symbol, column in zip(model_symbols, columns, strict=True) if column < 0
    )
    return GeneAlignment(
        columns,
        missing,
        n_by_id=n_by_id,
        n_by_symbol=n_found - n_by_id,
        n_duplicates=extra_ids + extra_symbols,
    )


def aligned_counts(
    counts_ng: "sparse.csr_matrix[np.float32]",
    alignment: GeneAlignment,
    *,
    rows: "slice | npt.NDArray[np.int64] | None" = None,
) -> "sparse.csr_matrix[np.float32]":
    """Return the counts of a model's genes, in its order, with zeros for missing genes.

    Parameters
    ----------
    counts_ng
        The query's counts, cells × its genes.
    alignment
        As :func:`align_genes` gives it for this query.
    rows
        The cells wanted; all by default.
    """
    found = np.flatnonzero(alignment.columns >= 0)
    block = counts_ng if rows is None else counts_ng[rows]
    picked = block[:, alignment.columns[found]]
    aligned: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
        (picked.data, found[picked.indices], picked.indptr),
        shape=(picked.shape[0], len(alignment.columns)),
    )
    aligned.sort_indices()
    return aligned


def name_genes(var: pd.DataFrame) -> pd.DataFrame:
    """Return ``var`` with unique symbols as its index, and ``gene_ids`` where known.

    Where the index holds Ensembl ids, the symbols are taken from the first column that is
    known to hold them; a gene without a symbol keeps its id as its name.
    """
    var = var.copy()
    names = var.index.astype(str)
    if _mostly_ensembl(names):
        if keys.GENE_IDS not in var:
            var[keys.GENE_IDS] = names.to_numpy(dtype=object)
        column = next((column for column in _SYMBOL_COLUMNS if column in var), None)
        if column is not None:
            symbols = _texts(var[column])
            names = pd.Index([symbol or name for symbol, name in zip(symbols, names, strict=True)])
    elif keys.GENE_IDS in var:
        var[keys.GENE_IDS] = _texts(var[keys.GENE_IDS])
    else:
        for column in _ID_COLUMNS:
            if column in var and _mostly_ensembl(_texts(var[column])):
                var[keys.GENE_IDS] = _texts(var[column])
                break
    var.index = unique_names(names)
    return var


def unique_names(names: Iterable[object]) -> pd.Index:
    """Return names as texts, the second ``A`` being ``A-1``, as scanpy has it."""
    index = pd.Index([str(name) for name in names], dtype=object)
    if index.is_unique:
        return index
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "HLA-1" beside two "HLA" may be hard to interpret
        return pd.Index(make_index_unique(index), dtype=object)


def bare_id(gene: str) -> str:
    """Return an Ensembl id without its version, any other name as it is."""
    return gene.partition(".")[0] if ENSEMBL_ID.fullmatch(gene) else gene


def _first_columns(names: Sequence[str], *, wanted: set[str]) -> tuple[dict[str, int], int]:
    first: dict[str, int] = {}
    n_more = 0
    for column, name in enumerate(names):
        if name in wanted:
            n_more += name in first
            first.setdefault(name, column)
    return first, n_more


def _examples(symbols: Sequence[str], ids: Sequence[str]) -> str:
    shown = [
        f"{symbol} ({gene})" if gene and gene != symbol else str(symbol)
        for symbol, gene in zip(symbols[:3], ids[:3], strict=True)
    ]
    return ", ".join(shown) + (", …" if len(symbols) > 3 else "")


def _mostly_ensembl(names: Iterable[str]) -> bool:
    matches = [ENSEMBL_ID.fullmatch(name) is not None for name in names]
    return sum(matches) > len(matches) / 2


def _texts(column: "pd.Series") -> npt.NDArray[np.object_]:
    """Return a column's values as texts, ``""`` for what is missing."""
    values = [
        ("" if missing else str(value))
        for value, missing in zip(column, column.isna(), strict=True)
    ]
    return np.array(values, dtype=object)
