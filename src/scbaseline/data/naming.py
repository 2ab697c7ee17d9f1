"""Turns the rows of a file into genes: which of them are genes, and what each is called.

Everything that reads, checks, trains or predicts asks here, so that they agree: a file that
the doctor calls usable is one that a model can use.
"""

import operator
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata.utils import make_index_unique

from scbaseline import keys
from scbaseline.data.dashes import with_dashes
from scbaseline.data.dates import is_date
from scbaseline.data.identifiers import (
    id_inside,
    is_id,
    is_row_number,
    mostly_ids,
    texts,
    which_are_ensembl,
    which_are_ids,
    which_name_nothing,
)
from scbaseline.data.known import n_known
from scbaseline.data.letters import letters_of
from scbaseline.data.name_columns import Names, choose_ids, choose_symbols
from scbaseline.data.other_rows import kinds_of_rows
from scbaseline.errors import listed

Kind = Literal["", "symbols", "Ensembl ids", "symbols and Ensembl ids"]


@dataclass(frozen=True, eq=False)
class Naming:
    """The genes of a file.

    Attributes
    ----------
    var
        The genes: unique names as index, their ids in ``gene_ids`` where known.
    is_gene
        Which rows of the file they are.
    column
        The column of var that the names were taken from; ``""`` for the index.
    id_column
        The column of var that the ids were taken from; ``""`` for none, or the index.
    index_holds_ids
        Whether the rows of the file are named by ids.
    kind
        What the genes are named by; ``""`` where their names are none that are known.
    n_unnamed, first_unnamed
        Genes with neither a name nor an id, and what the first is called instead.
    n_ids_inside
        Ensembl ids that were found within longer names.
    n_dotted
        Symbols with a dot for a dash, as R makes them.
    n_duplicates
        Genes of a name that an earlier gene has.
    by_type, by_name
        What the rows are that are not genes, and how many, by their types and by their names.
    problem
        Why these are no names of genes, and what to do; ``""`` where they are.
    """

    var: pd.DataFrame
    is_gene: npt.NDArray[np.bool_]
    column: str
    id_column: str
    index_holds_ids: bool
    kind: Kind
    n_unnamed: int
    first_unnamed: str
    n_ids_inside: int
    n_dotted: int
    n_duplicates: int
    by_type: dict[str, int]
    by_name: dict[str, int]
    problem: str

    @property
    def n_other_rows(self) -> int:
        """The number of rows that are not genes."""
        return int((~self.is_gene).sum())

    @property
    def notes(self) -> list[str]:
        """Say what was done to the rows and their names, beside :attr:`caveats`."""
        notes = [f"{n:,} rows were left out: {kind}" for kind, n in self.by_type.items()]
        if self.column and not self.index_holds_ids:
            notes.append(f"the names of genes were taken from var[{self.column!r}]")
        if self.n_ids_inside:
            notes.append(f"{self.n_ids_inside:,} Ensembl ids were taken out of longer names")
        if self.n_dotted:
            notes.append(f"{self.n_dotted:,} gene names got back dashes that had become dots")
        return notes

    @property
    def caveats(self) -> list[str]:
        """Say what was left out of the counts, or cannot be used, since names tell it."""
        notes = [f"{n:,} rows were left out: {kind}" for kind, n in self.by_name.items()]
        if self.n_unnamed:
            dates = " (Excel turns SEPT2 into a date)" if is_date(self.first_unnamed) else ""
            notes.append(
                f"{self.n_unnamed:,} genes have no name ({self.first_unnamed!r}){dates}: they are "
                "never matched with a gene of another file, nor chosen as features"
            )
        return notes


def name_genes(var: pd.DataFrame) -> Naming:
    """Say which rows are genes, and what each is called.

    Names are those of the index, where they are names. Where they are ids, symbols are taken
    from the column that holds them, and a gene without one keeps its id. Where they are row
    numbers or placeholders, symbols or ids are taken from a column.

    Parameters
    ----------
    var
        The rows as a file has them; left as it is. Names that this function gave are kept.
    """
    index = texts(var.index)
    chosen = _chosen(index, var)
    as_written = chosen.names
    if chosen.column:
        as_written = [name or row for name, row in zip(chosen.names, index, strict=True)]
    is_gene, by_type, by_name = kinds_of_rows(as_written, chosen.ids, var)
    none_left = bool(len(index)) and not is_gene.any()
    if none_left:  # nothing to work with: say it, and leave the rows as they are
        is_gene = np.ones(len(index), dtype=bool)
    of_genes = is_gene.tolist()
    names, ids, held = (
        list(compress(column, of_genes)) for column in (chosen.names, chosen.ids, index)
    )
    is_known = ~which_name_nothing(names)
    for place in np.flatnonzero(~is_known).tolist():
        is_known[place] = bool(ids[place])
        names[place] = ids[place] or held[place] or names[place]
    # Where a column gave the symbols, the rows' own names may hold the ids.
    inside = [] if any(ids) else _unique_only(_inside(held if chosen.column else names))
    dashed = with_dashes(names)
    genes = var.copy() if is_gene.all() else var[is_gene].copy()
    given = pd.Index(np.array(dashed, dtype=object), dtype=object)  # a list takes longer
    genes.index = given if given.is_unique else unique_names(dashed)
    n_different = is_known.sum() if given.is_unique else len(set(compress(dashed, is_known)))
    ids = inside if any(inside) else ids
    if any(ids):
        genes[keys.GENE_IDS] = np.array(ids, dtype=object)
    elif keys.GENE_IDS in genes:
        del genes[keys.GENE_IDS]
    return Naming(
        var=genes,
        is_gene=is_gene,
        column=chosen.column,
        id_column=chosen.id_column,
        index_holds_ids=chosen.index_holds_ids,
        kind=_kind(names, ids),
        n_unnamed=int((~is_known).sum()),
        first_unnamed=next(compress(names, (~is_known).tolist()), ""),
        n_ids_inside=sum(map(bool, inside)),
        n_dotted=0 if dashed == names else sum(map(operator.ne, names, dashed)),
        n_duplicates=int(is_known.sum() - n_different),
        by_type=by_type,
        by_name={} if none_left else by_name,
        problem=_problem(none_left, {**by_type, **by_name}, names, is_known, var),
    )


def named_genes(var: pd.DataFrame) -> npt.NDArray[np.bool_] | None:
    """Say which genes have a name that another file's can be matched with; ``None``: all.

    Parameters
    ----------
    var
        Genes as :func:`name_genes` names them.
    """
    named = ~which_name_nothing([str(name) for name in var.index])
    return None if named.all() else named


def unique_names(names: Iterable[object]) -> pd.Index:
    """Return names as texts, the second ``A`` being ``A-1``, as scanpy has it."""
    index = pd.Index(list(map(str, names)), dtype=object)
    if index.is_unique:
        return index
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "HLA-1" beside two "HLA" may be hard to interpret
        return pd.Index(make_index_unique(index), dtype=object)


def _chosen(index: list[str], var: pd.DataFrame) -> Names:
    """Choose where the names and the ids of rows come from."""
    ids, id_column = choose_ids(var)
    if mostly_ids(index):
        own_ids = ids if any(ids) else _only(index, which_are_ids(index))
        symbols, column = choose_symbols(var, skip=id_column)
        names = symbols if column else index
        names = [name or own for name, own in zip(names, index, strict=True)]
        return Names(names, own_ids, column, id_column, index_holds_ids=True)
    n_named = int((~which_name_nothing(index)).sum())
    symbols, column = choose_symbols(var, skip=id_column)
    says_nothing = 2 * n_named <= len(index)
    if column and (says_nothing or (not n_known(index) and n_known(symbols) >= 3)):
        return Names(symbols, ids, column, id_column)
    if says_nothing and any(ids):
        return Names(ids, ids, id_column, id_column)
    return Names(index, ids, "", id_column)


def _only(names: Sequence[str], wanted: npt.NDArray[np.bool_]) -> list[str]:
    """Return names, ``""`` for those that are not wanted."""
    return [name if own else "" for name, own in zip(names, wanted.tolist(), strict=True)]


def _inside(names: Sequence[str]) -> list[str]:
    """Return the ids within names that are longer than an id."""
    found = [""] * len(names)
    for row in letters_of(names).holding("ENS").tolist():
        found[row] = "" if is_id(names[row]) else id_inside(names[row])
    return found


def _unique_only(ids: list[str]) -> list[str]:
    """Keep ids that stand in one name only: two parts of a gene are not the gene twice."""
    if not any(ids):
        return ids
    n = Counter(ids)
    return [gene if n[gene] == 1 else "" for gene in ids]


def _kind(names: Sequence[str], ids: Sequence[str]) -> Kind:
    n_ensembl = int(which_are_ensembl(names).sum())
    if n_ensembl > 0.95 * len(names):
        return "Ensembl ids" if names else ""
    if n_ensembl > 0.05 * len(names):
        return "symbols and Ensembl ids"
    return "symbols" if any(ids) or n_known(names) else ""


def _problem(
    none_left: bool,
    others: dict[str, int],
    names: Sequence[str],
    is_known: npt.NDArray[np.bool_],
    var: pd.DataFrame,
) -> str:
    if none_left:
        return f"no row is a gene, but {', '.join(others)}; pass gene expression"
    n_known_names = int(is_known.sum())
    if not names or 2 * n_known_names > len(names):
        return ""
    what = "row numbers" if is_row_number(names[0]) else "no names"
    first = listed(map(repr, names), most=3)
    columns = listed(var.columns, most=8) or "none"
    if _have_gaps(names):
        return (
            f"{len(names) - n_known_names:,} of {len(names):,} genes are named by numbers with "
            f"gaps ({first}), which look like Entrez ids or the rows of a larger table, and no "
            f"column of var holds symbols or Ensembl ids (columns: {columns}); look these up and "
            "add them, e.g. in Python: adata.var['gene_symbol'] = symbols"
        )
    return (
        f"{len(names) - n_known_names:,} of {len(names):,} genes are named by {what} ({first}), "
        f"and no column of var holds symbols or Ensembl ids (columns: {columns}); give the genes "
        "their names, e.g. in Python: adata.var_names = symbols"
    )


def _have_gaps(names: Sequence[str]) -> bool:
    """Whether names are whole numbers of which the largest is far above their count."""
    numbers = [int(name) for name in names if name.isascii() and name.isdigit()]
    return 2 * len(numbers) > len(names) and max(numbers) > 2 * len(names)
