"""Turns a table of cells × genes (.csv, .tsv, .txt, gzipped or not) into an AnnData.

Read a few rows at a time: as text and as dense numbers a table is far larger than its counts.
"""

import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline.data.encoding import open_text
from scbaseline.data.layout import Layout, layout_of
from scbaseline.errors import InputError, ScbaselineWarning

_VALUES = 16_000_000  # dense values at a time; each block costs pandas some µs per column, too
_MISSING = ["NA", "NaN", "nan", ""]


def read_table(path: Path) -> AnnData:
    """Read a table whose first row names the columns, and whose first column names the rows.

    Parameters
    ----------
    path
        Its first lines give the layout: see :func:`~scbaseline.data.layout.layout_of`.

    Returns
    -------
    Rows × columns; whether rows are cells is for the input doctor to tell. Rows in which
    nothing stands are left out.

    Raises
    ------
    InputError
        It is no table, a value is not a number, or a row ends too early.
    """
    if path.is_dir():
        raise InputError("is a folder, not a file; pass the table")
    layout = layout_of(path)
    if not layout.columns:
        raise InputError(
            f"has one column only ({_first_field(path, layout)!r}); pass a table of cells × "
            "genes, separated by tabs or commas"
        )
    _refuse_uneven_rows(path, layout)
    names: list[str] = []
    blocks: list[sparse.csr_matrix[np.float32]] = []
    try:
        for chunk in _chunks(path, layout):
            values = chunk.iloc[:, 1:].to_numpy(dtype=np.float32)
            name_n = chunk[0].astype(str).to_numpy(dtype=object)
            blank_n = name_n == ""
            if blank_n.any():  # Excel leaves rows of separators below a table
                kept_n = ~(blank_n & np.isnan(values).all(axis=1))
                name_n, values = name_n[kept_n], values[kept_n]
            names += name_n.tolist()
            blocks.append(sparse.csr_matrix(values))
    except pd.errors.EmptyDataError:
        pass  # a header alone: no cells, as the check will say
    except ValueError as error:
        raise _not_a_number(path, layout) or error from error
    blocks = blocks or [sparse.csr_matrix(np.zeros((0, len(layout.columns)), dtype=np.float32))]
    counts_ng = sparse.vstack(blocks, format="csr")
    var = pd.DataFrame(index=list(layout.columns))
    return AnnData(counts_ng, obs=pd.DataFrame(index=names), var=var)


def _chunks(path: Path, layout: Layout) -> Iterator[pd.DataFrame]:
    numbers = range(1, layout.n_fields)
    with open_text(path) as file:
        for _ in islice(file, layout.n_skipped):
            pass
        with pd.read_csv(
            file, sep=layout.pandas_separator, header=None, dtype={0: str} | dict.fromkeys(
            numbers, np.float32), index_col=False, usecols=range(layout.n_fields),
            chunksize=max(1, _VALUES // layout.n_fields), keep_default_na=False,
            na_values=dict.fromkeys(numbers, _MISSING), low_memory=False, skipinitialspace=True,
        ) as chunks:  # fmt: skip
            yield from chunks


def _first_field(path: Path, layout: Layout) -> str:
    with open_text(path) as file:
        line = next(islice(file, layout.n_skipped - 1, None), "")
    return next(iter(layout.fields(line)), "")[:40]


def _refuse_uneven_rows(path: Path, layout: Layout) -> None:
    """Count each row's fields: pandas fills a row that was cut short with missing values."""
    line = "\n"
    wanted = layout.n_fields + layout.trailing
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if number <= layout.n_skipped or not line.strip():
                continue
            if layout.separator == " " and "\t" in line:
                raise InputError(
                    f"line {number} holds a tab, and its fields are separated by spaces; "
                    "separate all fields by tabs"
                )
            n = line.count(layout.separator) + 1
            if n != wanted or '"' in line or layout.separator == " ":
                n = len(layout.fields(line))
            if n != wanted:
                hint = "it may be cut short, get the file again"
                if n > wanted:
                    hint = "take out what is too many, or put what holds a separator in quotes"
                if line.startswith("#"):
                    hint = "comments may stand before the header only, take this one out"
                raise InputError(
                    f"line {number} has {n} values, the header names {layout.n_fields}; {hint}"
                )
            if layout.trailing and layout.fields(line)[-1].strip():
                if line.startswith("#"):
                    hint = "comments may stand before the header only, take this one out"
                raise InputError(
                    f"line {number} has a value behind the last column of the header, where other "
                    "lines have none; name that column"
                )
    if not line.endswith(("\n", "\r")):
        warnings.warn(
            f"{path.name} ends without a line break; if it was cut short, its last value is not "
            "what it was",
            ScbaselineWarning,
            stacklevel=4,
        )


def _not_a_number(path: Path, layout: Layout) -> InputError | None:
    """Find the first value that is not a number; pandas does not say where it is."""
    missing = set(_MISSING)
    with open_text(path) as file:
        for line in islice(file, layout.n_skipped, None):
            row = layout.fields(line)
            for column, value in zip(layout.columns, row[1:], strict=False):
                try:
                    float("nan" if value in missing else value)
                except ValueError:
                    return InputError(
                        f"column {column!r} holds {value[:40]!r} in row {row[0]!r}, which is not "
                        "a number; leave only genes in the table, and pass labels and the like "
                        "with --obs FILE.csv"
                    )
    return None
