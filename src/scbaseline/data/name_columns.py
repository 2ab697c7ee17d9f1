"""Turns the columns of var into the one that holds symbols, and the one that holds ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scbaseline.data.identifiers import (
    id_inside,
    mostly_ids,
    texts,
    which_are_ids,
    which_are_row_numbers,
    which_name_nothing,
)
from scbaseline.data.known import ENOUGH_KNOWN, n_known

# In the order in which they are asked, after capitals, dots and blanks are made equal.
_SYMBOL_COLUMNS = (
    "gene_symbols", "gene_symbol", "gene_name", "gene_names", "feature_name", "feature_names",
    "gene_short_name", "symbol", "symbols", "hgnc_symbol", "mgi_symbol", "hugo_symbol",
    "external_gene_name", "associated_gene_name", "original_gene_symbols", "gene_label",
    "genesymbol", "genesymbols", "genename", "genenames", "hgnc", "hugo", "gene", "genes",
    "name", "names", "feature", "features", "var_names", "index", "id",
)  # fmt: skip
_ID_COLUMNS = (
    "gene_ids", "gene_id", "ensembl_id", "ensembl_ids", "ensembl_gene_id", "ensembl",
    "feature_id", "gene_stable_id", "id", "ids",
)  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What rows are called, their ids, and the columns that both were taken from.

    ``index_holds_ids`` says that the rows are named by ids, so that a column of symbols
    stands beside them and not in their place.
    """

    names: list[str]
    ids: list[str]
    column: str
    id_column: str
    index_holds_ids: bool = False


def choose_symbols(var: pd.DataFrame, *, skip: str = "") -> tuple[list[str], str]:
    """Return the symbols of rows and the column that holds them; none and ``""`` without one.

    A column counts by its name, if what it holds can be symbols, and without a name that
    tells by what it holds: some well-known genes.

    Parameters
    ----------
    var
        The rows.
    skip
        The column that was taken for ids.
    """
    for column in _in_order(var, _SYMBOL_COLUMNS):
        values = texts(var[column])
        if str(column) != skip and may_be_symbols(values):
            return nothing_left_out(values), str(column)
    for column in var.columns:
        values = texts(var[column]) if _holds_texts(var[column]) else []
        if n_known(values) >= ENOUGH_KNOWN and may_be_symbols(values):
            return nothing_left_out(values), str(column)
    return [""] * len(var), ""


def choose_ids(var: pd.DataFrame) -> tuple[list[str], str]:
    """Return the ids of rows, ``""`` where unknown, and the column that holds them.

    ``gene_ids`` holds ids of any kind, but no numbers, which may be those of rows; any other
    column holds them if they are known for ids.
    """
    for column in _in_order(var, _ID_COLUMNS[:1]):
        values = texts(var[column])
        numbers = int(which_are_row_numbers(values).sum())
        if 2 * numbers <= len(values) and not which_name_nothing(values).all():
            return _ids(values), str(column)
    rest = [column for column in var.columns if _holds_texts(var[column])]
    for column in [*_in_order(var, _ID_COLUMNS[1:]), *rest]:
        values = texts(var[column])
        if mostly_ids(values):
            return _ids(values), str(column)
    return [""] * len(var), ""


def _in_order(var: pd.DataFrame, wanted: Sequence[str]) -> list[object]:
    by_name: dict[str, object] = {}
    for column in var.columns:
        # AnnData's concatenate calls the columns of its first part gene_name-0.
        plain = re.sub(r"-\d+$", "", str(column).strip().lower())
        by_name.setdefault(re.sub(r"[\W_]+", "_", plain), column)
    return [by_name[name] for name in wanted if name in by_name]


def _holds_texts(column: "pd.Series") -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))


def may_be_symbols(values: Sequence[str]) -> bool:
    """Whether texts can be symbols: most are different, and they are neither numbers nor ids."""
    named = [value for value in nothing_left_out(values) if value]
    return bool(named) and 2 * len(set(named)) > len(named) and not mostly_ids(named)


def nothing_left_out(values: Sequence[str]) -> list[str]:
    """Return texts, ``""`` for those that name nothing."""
    left = list(values)
    for row in np.flatnonzero(which_name_nothing(values)).tolist():
        left[row] = ""
    return left


def _ids(values: Sequence[str]) -> list[str]:
    """Return values as ids: a placeholder is none, and of ``GRCh38_ENSG…`` the id is."""
    ids = nothing_left_out(values)
    for row in np.flatnonzero(~which_are_ids(ids)).tolist():
        ids[row] = id_inside(ids[row]) or ids[row]
    return ids
