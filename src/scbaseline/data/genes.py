"""Turns two lists of genes into one: where each gene of a model stands in a query.

A gene is known by its Ensembl id first, by its symbol second: symbols are renamed from
one annotation to the next, and one symbol may stand for several genes.
"""

import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from scbaseline import keys
from scbaseline.data.identifiers import bare_ids, texts, which_are_ensembl
from scbaseline.data.name_columns import nothing_left_out
from scbaseline.data.renamed import TODAY
from scbaseline.data.stripped import Side, match_stripped
from scbaseline.errors import InputError, ScbaselineWarning


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
    n_stripped, first_stripped
        How many of the latter only after a part was taken off a name, such as the
        ``GRCh38_`` of ``GRCh38_CD3D``, or in lower case; and the first, as the query and the
        model have it.
    n_duplicates
        Query columns left out because an earlier column is the same gene.
    """

    columns: npt.NDArray[np.int64]
    missing: tuple[str, ...]
    n_by_id: int
    n_by_symbol: int
    n_duplicates: int
    n_stripped: int = 0
    first_stripped: tuple[str, str] = ("", "")

    @property
    def n_found(self) -> int:
        """The number of model genes that the query has."""
        return self.n_by_id + self.n_by_symbol

    def gene_of(self, n_columns: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
        """Return which columns of a query are genes of the model, and which genes."""
        genes = np.flatnonzero(self.columns >= 0)
        gene_of = np.zeros(n_columns, dtype=np.int32)
        gene_of[self.columns[genes]] = genes
        is_found = np.zeros(n_columns, dtype=bool)
        is_found[self.columns[genes]] = True
        return is_found, gene_of

    def warn_of_stripped(self) -> None:
        """Warn where genes were found only after a part was taken off their names."""
        if self.n_stripped:
            of_query, of_model = self.first_stripped
            warnings.warn(
                f"{self.n_stripped:,} genes were found without a part of their names, or in other "
                f"capitals, as {of_query!r} for the model's {of_model!r}; if these are other "
                "genes, rename them",
                ScbaselineWarning,
                stacklevel=3,
            )


def align_genes(
    model_symbols: Sequence[str], model_ids: Sequence[str], var: pd.DataFrame
) -> GeneAlignment:
    """Find each gene of a model in a query: by id, by symbol, by a renamed or a shorter symbol.

    What names no gene, as ``nan`` or a row number, is found nowhere. A part is taken off a
    name only where the other side knows the rest and not the whole, and no other name has it.

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
    model = _side(map(str, model_symbols), map(str, model_ids))
    query = _side(var.index.tolist(), texts(var[keys.GENE_IDS]) if keys.GENE_IDS in var else None)
    columns, n_by_id, n_duplicates = _whole_names(model, query)
    stripped = match_stripped(model, query, columns)
    for gene, column in stripped.items():
        columns[gene] = column

    n_found = int((columns >= 0).sum())
    if n_found == 0:
        n_in_other_case = len(_in_lower_case(model.names) & _in_lower_case(query.names))
        raise InputError(
            f"no gene in common: the model has {_examples(model_symbols, model_ids)}; "
            f"the data have {_examples(list(var.index), query.ids)}; "
            + (
                f"{n_in_other_case:,} names differ in capitals only, as those of human (CD3D) and "
                "mouse (Cd3d) do: use a model of the same species, or if these are the same "
                "genes, write them as the model does"
                if n_in_other_case
                else "pass genes as symbols, or as Ensembl ids of the same species"
            )
        )
    first = next(iter(sorted(stripped)), None)
    return GeneAlignment(
        columns,
        missing=tuple(
            str(symbol) for symbol, column in zip(model_symbols, columns, strict=True) if column < 0
        ),
        n_by_id=n_by_id,
        n_by_symbol=n_found - n_by_id,
        n_duplicates=n_duplicates,
        n_stripped=len(stripped),
        first_stripped=("", "")
        if first is None
        else (query.names[stripped[first]], model.names[first]),
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
    block = counts_ng if rows is None else counts_ng[rows]
    is_found, gene_of = alignment.gene_of(block.shape[1])
    # Of all values the model's are some percent. A look at each of all in a small table, and
    # nothing else, takes a third of the time of scipy's choice of columns.
    columns = block.indices.astype(np.intp)  # as numpy would do each time anew
    place = np.flatnonzero(is_found.take(columns))
    aligned: sparse.csr_matrix[np.float32] = sparse.csr_matrix(
        (
            block.data.take(place),
            gene_of.take(columns.take(place)),
            np.searchsorted(place, block.indptr).astype(np.int32),
        ),
        shape=(block.shape[0], len(alignment.columns)),
    )
    aligned.sort_indices()
    return aligned


def _side(names: Iterable[object], ids: Iterable[str] | None) -> Side:
    """Return names and bare ids, ``""`` for what names nothing."""
    symbols = nothing_left_out(list(map(str, names)))
    if ids is None:
        is_id = which_are_ensembl(symbols).tolist()
        ids = [name if own else "" for name, own in zip(symbols, is_id, strict=True)]
    return Side(symbols, bare_ids(nothing_left_out(list(ids))))


def _whole_names(model: Side, query: Side) -> tuple[npt.NDArray[np.int64], int, int]:
    """Find genes by their whole names.

    Returns
    -------
    The column of each of the model's genes, or -1; how many were found by id; and how many
    columns of the query were left out because an earlier one is the same gene.
    """
    column_of_id, extra_ids = _first_columns(query.ids, wanted=set(model.ids) - {""})
    # pop: an id or a symbol that the model has twice is found once.
    columns = np.array([column_of_id.pop(gene, -1) for gene in model.ids], dtype=np.int64)
    n_by_id = int((columns >= 0).sum())

    # A column that was claimed by its id is not given away a second time by its symbol.
    taken = set(columns.tolist())
    unfound = {name for name, column in zip(model.names, columns, strict=True) if column < 0}
    column_of_symbol, extra_symbols = _first_columns(
        query.names, wanted=unfound - {""}, taken=taken
    )
    for gene in np.flatnonzero(columns < 0).tolist():
        columns[gene] = column_of_symbol.pop(model.names[gene], -1)
    # Then under the names of today: annotations of different years meet there.
    today = {gene: _today(model.names[gene]) for gene in np.flatnonzero(columns < 0).tolist()}
    wanted = set(today.values()) - {""}
    wanted |= {symbol for symbol, name in TODAY.items() if name in wanted}
    taken = set(columns.tolist())
    column_today: dict[str, int] = {}
    for column, symbol in enumerate(query.names) if wanted else ():
        if symbol in wanted and column not in taken:
            column_today.setdefault(_today(symbol), column)
    for gene, symbol in today.items():
        columns[gene] = column_today.pop(symbol, -1)
    return columns, n_by_id, extra_ids + extra_symbols


def _today(symbol: str) -> str:
    return TODAY.get(symbol, symbol)


def _first_columns(
    names: Sequence[str], *, wanted: set[str], taken: Collection[int] = ()
) -> tuple[dict[str, int], int]:
    first: dict[str, int] = {}
    n_more = 0
    for column, name in enumerate(names) if wanted else ():
        if name in wanted and column not in taken:
            n_more += name in first
            first.setdefault(name, column)
    return first, n_more


def _in_lower_case(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names if name}


def _examples(symbols: Sequence[str], ids: Sequence[str]) -> str:
    shown = [
        f"{symbol} ({gene})" if gene and gene != symbol else str(symbol)
        for symbol, gene in zip(symbols[:3], ids[:3], strict=True)
    ]
    return ", ".join(shown) + (", …" if len(symbols) > 3 else "")
