"""Turns a table of cells × genes (.csv, .tsv, .txt, gzipped or not) into an AnnData.

Read a few rows at a time: as text and as dense numbers a table is far larger than its counts.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline.data.dates import warn_of_dates
from scbaseline.data.encoding import open_text
from scbaseline.data.identifiers import is_id
from scbaseline.data.known import n_known
from scbaseline.data.layout import Layout, layout_of
from scbaseline.data.names import looks_like_barcodes
from scbaseline.data.numerals import MISSING, is_number
from scbaseline.data.row_columns import RowColumns, row_columns
from scbaseline.data.table_faults import commas_of, not_a_number, refuse_uneven_rows
from scbaseline.errors import InputError, ScbaselineWarning

_VALUES = 16_000_000  # dense values at a time; each block costs pandas some µs per column, too
_TOTAL = re.compile(r"(?i:(?:grand[ _]?)?(?:totals?|sums?)(?:[ _]?(?:counts?|reads|umis?))?)")


def read_table(path: Path) -> AnnData:
    """Read a table whose first row names the columns, and whose first column names the rows.

    Parameters
    ----------
    path
        Its first lines give the layout: see :func:`~scbaseline.data.layout.layout_of`.

    Returns
    -------
    Rows × columns; whether rows are cells is for the input doctor to tell. Columns that
    describe the rows, as lengths of genes do, are in obs. Rows in which nothing stands are
    left out, and so are sums of all others.

    Raises
    ------
    InputError
        It is no table, a value is not a number, or a row ends too early.

    Warns
    -----
    ScbaselineWarning
        What was left out or taken for something else than counts.
    """
    if path.is_dir():
        raise InputError("is a folder, not a file; pass the table")
    layout = layout_of(path)
    if not layout.columns:
        raise InputError(
            f"has one column only ({layout.corner[:40]!r}); pass a table of cells × "
            "genes, separated by tabs or commas"
        )
    columns = row_columns(layout)
    _refuse_no_names(layout)
    if not refuse_uneven_rows(path, layout):
        _warn(
            f"{path.name} ends without a line break; if it was cut short, its last value is not "
            "what it was"
        )
    try:
        counts_ng, obs = _read(path, layout, columns, ".")
    except ValueError as error:
        commas = commas_of(path, layout, columns.counts)
        if commas != "decimal":
            raise not_a_number(path, layout, columns.counts, commas) or error from error
        _warn(f"{path.name}: the comma was read as the decimal mark of its numbers")
        try:
            counts_ng, obs = _read(path, layout, columns, ",")
        except ValueError as again:
            raise not_a_number(path, layout, columns.counts, commas) or again from again
    names = [layout.columns[place - 1] for place in columns.counts]
    counts_ng, obs, names = _without_sums(path, counts_ng, obs, names)
    if columns.about:
        shown = ", ".join(repr(layout.columns[place - 1]) for place in columns.about[:8])
        named = layout.columns[columns.names - 1] if columns.names else ""
        by = f"; rows are named by {named!r}, since the first column holds numbers" if named else ""
        _warn(f"{path.name}: columns that describe the rows were not taken for counts: {shown}{by}")
    for side in (obs.index, names):
        warn_of_dates(side, path.name)
    return AnnData(counts_ng, obs=obs, var=pd.DataFrame(index=names))


def _read(
    path: Path, layout: Layout, columns: RowColumns, decimal: str
) -> "tuple[sparse.csr_matrix[np.float32], pd.DataFrame]":
    counts = list(columns.counts)
    texts = [*{0, *columns.about}]
    about: list[pd.DataFrame] = []
    blocks: list[sparse.csr_matrix[np.float32]] = []
    try:
        for chunk in _chunks(path, layout, columns, decimal):
            values = chunk[counts].to_numpy(dtype=np.float32)
            beside = chunk[texts]
            blank_n = (beside == "").all(axis=1).to_numpy()
            if blank_n.any():  # Excel leaves rows of separators below a table
                kept_n = ~(blank_n & np.isnan(values).all(axis=1))
                beside, values = beside[kept_n], values[kept_n]
            about.append(beside)
            blocks.append(sparse.csr_matrix(values))
    except pd.errors.EmptyDataError:
        pass  # a header alone: no cells, as the check will say
    blocks = blocks or [sparse.csr_matrix(np.zeros((0, len(counts)), dtype=np.float32))]
    beside = pd.concat(about) if about else pd.DataFrame({place: [] for place in texts})
    named = beside[columns.names].astype(str).str.strip()
    obs = pd.DataFrame(index=named.to_numpy(dtype=object))
    for place in columns.about:
        name = layout.columns[place - 1] or f"unnamed {place}"
        numbers = pd.to_numeric(beside[place], errors="coerce")
        values = beside[place] if numbers.isna().any() else numbers
        obs[name] = values.to_numpy()
    return sparse.vstack(blocks, format="csr"), obs


def _chunks(
    path: Path, layout: Layout, columns: RowColumns, decimal: str
) -> Iterator[pd.DataFrame]:
    with open_text(path) as file:
        for _ in islice(file, layout.n_skipped):
            pass
        with pd.read_csv(
            file, sep=layout.pandas_separator, header=None, dtype=dict.fromkeys(
            range(layout.n_fields), str) | dict.fromkeys(columns.counts, np.float32),
            index_col=False, usecols=range(layout.n_fields), decimal=decimal,
            chunksize=max(1, _VALUES // layout.n_fields), keep_default_na=False,
            na_values={place: list(MISSING) for place in columns.counts}, low_memory=False,
            skipinitialspace=True, quotechar=layout.quote,
        ) as chunks:  # fmt: skip
            yield from chunks


def _without_sums(
    path: Path, counts_ng: "sparse.csr_matrix[np.float32]", obs: pd.DataFrame, names: list[str]
) -> "tuple[sparse.csr_matrix[np.float32], pd.DataFrame, list[str]]":
    """Leave out rows and columns that are called a sum and are that of all others."""
    is_sum_n = _sums(counts_ng, list(obs.index))
    if is_sum_n.any():
        _warn(f"{path.name}: left out row {obs.index[is_sum_n][0]!r}, the sum of all others")
        counts_ng, obs = counts_ng[~is_sum_n], obs[~is_sum_n]
    is_sum_g = _sums(counts_ng.T.tocsr(), names) if any(map(_TOTAL.fullmatch, names)) else None
    if is_sum_g is not None and is_sum_g.any():
        kept = np.flatnonzero(~is_sum_g)
        called = names[int(np.argmax(is_sum_g))]
        _warn(f"{path.name}: left out column {called!r}, the sum of all others")
        counts_ng, names = counts_ng[:, kept], [names[place] for place in kept]
    return counts_ng, obs, names


def _sums(rows: "sparse.csr_matrix[np.float32]", names: Sequence[str]) -> npt.NDArray[np.bool_]:
    called = np.array([_TOTAL.fullmatch(name.strip()) is not None for name in names], dtype=bool)
    if not called.any() or called.all():
        return np.zeros(len(names), dtype=bool)
    others = np.asarray(rows[~called].astype(np.float64).sum(axis=0)).ravel()
    for row in np.flatnonzero(called).tolist():
        called[row] = others.any() and np.allclose(rows[row].toarray().ravel(), others, rtol=1e-5)
    return called


def _refuse_no_names(layout: Layout) -> None:
    """Refuse a table whose first line or first column holds counts, which are no names."""
    corner, names = layout.corner, layout.columns
    is_name = is_id(corner) or bool(n_known([corner])) or looks_like_barcodes([corner])
    if corner and all(map(is_number, names)) and (is_name or len(set(names)) < len(names)):
        raise InputError(
            f"has no header: its first line is a row of numbers ({corner!r}, "
            f"{', '.join(names[:3])}, …); put a line above it that names the columns"
        )
    firsts = [row[0] for row in layout.first_rows]
    no_names = len(firsts) > 2 and all(map(is_number, firsts))
    if no_names and (is_name or len(set(firsts)) < len(firsts)):
        raise InputError(
            f"has no names of rows: its first column, {corner!r}, holds numbers "
            f"({', '.join(firsts[:3])}, …); put a column before it that names the rows"
        )


def _warn(said: str) -> None:
    warnings.warn(said, ScbaselineWarning, stacklevel=3)
