"""Turns a table of cells × genes (.csv, .tsv, .txt, gzipped or not) into an AnnData.

Read a few rows at a time: as text and as dense numbers a table is far larger than its counts.
"""

import csv
import gzip
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline.errors import InputError, ScbaselineWarning

_VALUES = 16_000_000  # dense values at a time; each block costs pandas some µs per column, too
_SEPARATORS = "\t,; "
_MISSING = ["NA", "NaN", "nan", ""]


def read_table(path: Path) -> AnnData:
    """Read a table whose first row names the columns, and whose first column names the rows.

    Parameters
    ----------
    path
        Its separator (tab, comma, semicolon or space) is told by its first row; that row may
        lack a name for the first column, as R writes it.

    Returns
    -------
    Rows × columns; whether rows are cells is for the input doctor to tell.

    Raises
    ------
    InputError
        It is no table, a value is not a number, or a row ends too early.
    """
    separator, columns, n_header = _layout(path)
    names: list[str] = []
    blocks: list[sparse.csr_matrix[np.float32]] = []
    n_rows = max(1, _VALUES // max(1, len(columns)))
    _refuse_uneven_rows(path, separator, len(columns) + 1)
    numbers = range(1, len(columns) + 1)
    dtypes = {0: str} | dict.fromkeys(numbers, np.float32)
    try:
        with pd.read_csv(
            path, sep=separator, header=None, skiprows=n_header, dtype=dtypes, index_col=False,
            chunksize=n_rows, keep_default_na=False, low_memory=False,
            na_values=dict.fromkeys(numbers, _MISSING), skipinitialspace=True,
        ) as chunks:  # fmt: skip
            for chunk in chunks:
                names += chunk[0].astype(str).tolist()
                blocks.append(sparse.csr_matrix(chunk.iloc[:, 1:].to_numpy(dtype=np.float32)))
    except pd.errors.EmptyDataError:
        pass  # a header alone: no cells, as the check will say
    except ValueError as error:
        raise _not_a_number(path, separator, columns) or error from error
    blocks = blocks or [sparse.csr_matrix(np.zeros((0, len(columns)), dtype=np.float32))]
    counts_ng = sparse.vstack(blocks, format="csr")
    return AnnData(counts_ng, obs=pd.DataFrame(index=names), var=pd.DataFrame(index=columns))


def separator_of(header: str) -> str:
    """Return the first of tab, comma, semicolon and space that the first row of a table has."""
    return next((mark for mark in _SEPARATORS if mark in header), ",")


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file, gzipped or not; a mark of its encoding at its start is left out."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        yield file


def _layout(path: Path) -> tuple[str, list[str], int]:
    """Return the separator, the names of the columns of values, and the rows before them."""
    if path.is_dir():
        raise InputError("is a folder, not a file; pass the table")
    with open_text(path) as file:
        header = file.readline()
        if "\0" in header:
            raise InputError("is not a text file; get the file again")
        if not header.strip():
            raise InputError("has an empty first line; pass a table whose first line names genes")
        separator = separator_of(header)
        rows = csv.reader([header, file.readline()], delimiter=separator, skipinitialspace=True)
        names, first = next(rows), next(rows, [])
    if len(names) == 1:
        raise InputError(
            f"has one column only ({names[0][:40]!r}); pass a table of cells × genes, separated "
            "by tabs or commas"
        )
    # R names the columns of values only.
    return separator, (names if len(first) == len(names) + 1 else names[1:]), 1


def _refuse_uneven_rows(path: Path, separator: str, n_fields: int) -> None:
    """Count each row's fields: pandas fills a row that was cut short with missing values."""
    line = "\n"
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1 or not line.strip():
                continue
            n = line.count(separator) + 1
            if n != n_fields:
                n = len(next(csv.reader([line], delimiter=separator)))  # quoted separators
            if n != n_fields:
                raise InputError(
                    f"line {number} has {n} values, the header names {n_fields}; it may be cut "
                    "short, get the file again"
                )
    if not line.endswith(("\n", "\r")):
        warnings.warn(
            f"{path.name} ends without a line break; if it was cut short, its last value is not "
            "what it was",
            ScbaselineWarning,
            stacklevel=4,
        )


def _not_a_number(path: Path, separator: str, columns: list[str]) -> InputError | None:
    """Find the first value that is not a number; pandas does not say where it is."""
    missing = set(_MISSING)
    with open_text(path) as file:
        rows = csv.reader(file, delimiter=separator)
        next(rows)
        for row in rows:
            for column, value in zip(columns, row[1:], strict=False):
                try:
                    float("nan" if value in missing else value)
                except ValueError:
                    return InputError(
                        f"column {column!r} holds {value[:40]!r} in row {row[0]!r}, which is not "
                        "a number; leave only genes in the table, and pass labels and the like "
                        "with --obs FILE.csv"
                    )
    return None
