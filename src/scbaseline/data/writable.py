"""Turns obs or var into a table that AnnData can write, before anything is computed on it.

AnnData finds what it cannot write at the end, when all work is done.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from scbaseline.errors import InputError

_TYPES = pd.api.types
_NUMBERS = (int, float, np.integer, np.floating)


def require_one_of_each(table: pd.DataFrame, *, what: str) -> None:
    """Refuse a table with two columns of one name: which of them is meant, nobody can say.

    Raises
    ------
    InputError
        There are two.
    """
    names = pd.Index([str(name) for name in table.columns])
    if names.is_unique:
        return
    name = names[names.duplicated()][0]
    n = int((names == name).sum())
    count = "two" if n == 2 else str(n)
    raise InputError(
        f"{what} has {count} columns {name!r}; drop one, in Python: "
        f"adata.{what} = adata.{what}.loc[:, ~adata.{what}.columns.duplicated()]"
    )


def writable_table(table: pd.DataFrame, *, what: str) -> tuple[pd.DataFrame, list[str]]:
    """Return a table with the same rows that AnnData can write, and what had to change.

    Parameters
    ----------
    table
        obs or var; left as it is.
    what
        Its name, for notes and errors.

    Returns
    -------
    table
        Names are texts; nullable floats, object columns of numbers or of True and False,
        and sparse columns have a plain type; what no file can hold is text.
    notes
        One for each column that has another name or became text.

    Raises
    ------
    InputError
        Two columns have one name.
    """
    require_one_of_each(table, what=what)
    notes, columns, taken = [], {}, {str(name) for name in table.columns}
    for place, given in enumerate(table.columns):
        name = _writable_name(str(given), taken)
        if name != str(given):
            notes.append(f"{what}: the column {str(given)!r} is called {name!r}, as files need it")
        column = table.iloc[:, place]
        changed = _writable_column(column)
        if changed is not column and _is_text(changed) and not _is_text(column):
            notes.append(f"{what}[{name!r}] holds {column.dtype} and is kept as text")
        columns[name] = changed.array
    index = table.index
    if any(not isinstance(name, str) or _is_foul(name) for name in index):
        index = pd.Index([_clean(str(name)) for name in index], dtype=object)
    # An index may not have a column's name; nor is its own needed by anything.
    keeps_name = isinstance(index.name, str) and index.name not in columns and index.name
    written = pd.DataFrame(columns, index=index.rename(index.name if keeps_name else None))
    return written, notes


def _writable_name(name: str, taken: set[str]) -> str:
    wanted = _clean(name)
    if wanted in ("", ".", "..", "_index") or wanted.startswith("/"):
        wanted = wanted.strip("/.") or "column"
        wanted = "index" if wanted == "_index" else wanted
    changed, n = wanted, 1
    while changed != name and changed in taken:
        n += 1
        changed = f"{wanted}_{n}"
    taken.add(changed)
    return changed


def _writable_column(column: "pd.Series") -> "pd.Series":
    """Return the column itself where AnnData can write it."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _writable_categories(column)
    if isinstance(dtype, pd.SparseDtype):
        return pd.Series(column.sparse.to_dense(), index=column.index)
    if isinstance(dtype, pd.StringDtype) or _is_arrow_text(dtype):
        return _text(column)
    if isinstance(dtype, np.dtype) and dtype.kind in "biufc":
        return column
    if _TYPES.is_extension_array_dtype(dtype) and _TYPES.is_float_dtype(dtype):
        return column.astype(np.float64)
    if isinstance(dtype, pd.BooleanDtype) or (
        _TYPES.is_extension_array_dtype(dtype) and _TYPES.is_integer_dtype(dtype)
    ):
        return column if not _is_arrow(dtype) else _plain(column)
    return _writable_objects(column) if _TYPES.is_object_dtype(dtype) else _text(column)


def _writable_objects(column: "pd.Series") -> "pd.Series":
    kinds = {type(value) for value in column[~column.isna()]}
    if kinds and kinds <= {str, np.str_, bytes}:
        texts = column[~column.isna()]
        return _text(column) if bytes in kinds or any(map(_is_foul, texts)) else column
    if kinds and kinds <= {bool, np.bool_}:
        return column.astype("boolean")
    if all(issubclass(kind, _NUMBERS) and kind is not bool for kind in kinds):
        numbers = pd.to_numeric(column, errors="coerce")
        if numbers.dtype != object:
            return numbers
    return _text(column)


def _writable_categories(column: "pd.Series") -> "pd.Series":
    categories = column.cat.categories
    plain = isinstance(categories.dtype, np.dtype) and categories.dtype.kind in "biuf"
    if plain or (
        categories.dtype == object
        and all(isinstance(name, str) and not _is_foul(name) for name in categories)
    ):
        return column
    renamed = [_clean(str(name)) for name in categories]
    if len(set(renamed)) < len(renamed):
        return _text(column)
    return column.cat.rename_categories(renamed)


def _plain(column: "pd.Series") -> "pd.Series":
    kind = "boolean" if _TYPES.is_bool_dtype(column.dtype) else "Int64"
    return column.astype(kind)


def _text(column: "pd.Series") -> "pd.Series":
    missing = column.isna()
    texts: Iterable[Any] = (
        np.nan if none else _clean(value.decode("utf-8", "replace") if isinstance(value, bytes)
                                   else str(value))
        for value, none in zip(column, missing, strict=True)
    )  # fmt: skip
    written = pd.Series(list(texts), index=column.index, dtype=object)
    # A category can be missing; a plain text cannot, in AnnData's files.
    return written.astype("category") if missing.any() else written


def _is_text(column: "pd.Series") -> bool:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    return bool(
        _TYPES.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype) or _is_arrow_text(dtype)
    )


def _is_arrow(dtype: Any) -> bool:
    return type(dtype).__name__ == "ArrowDtype"


def _is_arrow_text(dtype: Any) -> bool:
    return _is_arrow(dtype) and str(dtype) in ("string[pyarrow]", "large_string[pyarrow]")


def _is_foul(text: str) -> bool:
    """Whether HDF5 cannot hold a text: it ends at a zero byte, and has to be Unicode."""
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _clean(text: str) -> str:
    if not _is_foul(text):
        return text
    return "".join("\ufffd" if _is_foul(letter) else letter for letter in text)
