"""Turns a list of barcodes or features, as it lies beside a matrix, into rows of fields."""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from scbaseline import keys
from scbaseline.data.dates import warn_of_dates
from scbaseline.data.encoding import open_text
from scbaseline.data.feature_types import are_types, is_type_of_10x
from scbaseline.data.identifiers import (
    id_inside,
    is_id,
    is_row_number,
    mostly_ids,
    names_nothing,
)
from scbaseline.data.known import n_known
from scbaseline.data.name_columns import may_be_symbols
from scbaseline.data.names import looks_like_barcodes
from scbaseline.errors import InputError

_SAMPLE = 200
_WORDS_OF_A_HEADER = re.compile(
    r"(?:x|v\d|ids?|names?|index|barcodes?|cells?|cell[_. ]?(?:ids?|names?|barcodes?)"
    r"|samples?|genes?|gene[_. ]?(?:ids?|names?|symbols?)|symbols?"
    r"|ensembl(?:[_. ]?(?:gene[_. ]?)?ids?)?|features?|feature[_. ]?(?:ids?|names?|types?)"
    r"|accession)?",
    re.IGNORECASE,
)


def read_list(path: Path) -> list[list[str]]:
    """Return the fields of each line, as many in each.

    Parameters
    ----------
    path
        Separated by tabs; or by commas, semicolons or spaces where no line has a tab and each
        has as many of them. Quotes count only where they stand around fields. Comments before
        the first line, and blank lines, are left out.

    Raises
    ------
    InputError
        It is no text, or its last line is cut short.
    """
    try:
        with open_text(path) as file:
            text = file.read().replace("\r\n", "\n").replace("\r", "\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path.name} cannot be unpacked ({error}); get the file again") from error
    if "\0" in text:
        raise InputError(f"{path.name} is not a text file; get the file again")
    lines = [line for line in text.split("\n") if line.strip()]
    while lines and lines[0].startswith("#"):
        del lines[0]
    if not lines:
        return []
    rows = _split(lines)
    n_fields, n_last = max(map(len, rows)), len(rows[-1])
    ends = text.endswith("\n")
    is_cut = not ends and n_fields > 1 and not rows[-1][-1] and any(row[-1] for row in rows[:-1])
    if is_cut or (len(rows) > 1 and n_last < min(map(len, rows[:-1]))):
        raise InputError(f"{path.name} ends in the middle of a line; get the file again")
    if not ends and len(rows) == 1 and n_fields > 1 and not rows[0][-1]:
        raise InputError(f"{path.name} ends in the middle of a line; get the file again")
    most = Counter(map(len, rows)).most_common(1)[0][0]
    longer = [row for row in rows if len(row) > most]
    have_types = n_fields == most + 1 and all(is_type_of_10x(row[-1]) for row in longer)
    if n_fields > most + 1 or (n_fields > most and len(rows[0]) != n_fields and not have_types):
        number = next(i for i, row in enumerate(rows, start=1) if len(row) > most)
        raise InputError(
            f"line {number} of {path.name} has {len(rows[number - 1])} fields, most lines have "
            f"{most}; mend that line"
        )
    # Fields that are empty at the end of a line may have been left out.
    return [row + [""] * (n_fields - len(row)) for row in rows]


def rows_that_fit(
    rows: list[list[str]], *, n_wanted: int, is_header: bool
) -> list[list[str]] | None:
    """Return as many rows as a matrix has, without a header; ``None`` where they do not fit."""
    if len(rows) == n_wanted:
        return rows
    return rows[1:] if len(rows) == n_wanted + 1 and is_header else None


def barcodes_of(rows: list[list[str]]) -> list[str]:
    """Return the field of each row that holds the barcode: by what it is, else the first."""
    for place in range(len(rows[0]) if rows else 0):
        values = [row[place] for row in rows]
        if looks_like_barcodes(values[:_SAMPLE]):
            return values
    for place in range(len(rows[0]) if rows else 0):
        values = [row[place] for row in rows]
        # Row numbers stand before the names that R writes.
        if not all(map(is_row_number, values)) and len(set(values)) > len(values) / 2:
            return values
    return [row[0] for row in rows]


def features_of(rows: list[list[str]]) -> pd.DataFrame:
    """Return what each row says of a feature: its name as index, ``gene_ids``, its type.

    Of two fields the first is the id, unless the other holds ids. A field of biotypes,
    chromosomes or positions holds no names. A type is one
    that is known, in whatever field; where no field holds any, there are no types.
    """
    fields = [list(values) for values in zip(*rows, strict=True)] or [[]]
    types = next((values for values in fields[1:] if are_types(values)), None)
    rest = [values for values in fields if values is not types]
    if len(rest) > 1 and rest[0] and all(map(is_row_number, rest[0])):
        del rest[0]  # R's row names
    ids = next((values for values in rest if mostly_ids(values)), rest[0])
    others = [values for values in rest if values is not ids]
    symbols = _symbols(others) or ids
    warn_of_dates(symbols, "the list of features")
    names = [symbol or gene for symbol, gene in zip(symbols, ids, strict=True)]
    var = pd.DataFrame(index=pd.Index(names, dtype=object))
    if symbols is not ids or mostly_ids(ids):
        var[keys.GENE_IDS] = pd.Series(ids, index=var.index, dtype=object)
    if types is not None:
        var[keys.FEATURE_TYPES] = pd.Series(types, index=var.index, dtype=object)
    return var


def _symbols(fields: Sequence[list[str]]) -> list[str]:
    """Return the field that can hold symbols, that of most known genes; nothing without one."""
    can_be = [values for values in fields if may_be_symbols(values)]
    return max(can_be, key=n_known, default=[])  # of several without any, the first


def has_header(rows: list[list[str]], *, of_barcodes: bool) -> bool:
    """Whether the first row names fields, by its words or by being unlike the others."""
    if len(rows) < 2:
        return False
    first, others = rows[0], rows[1 : _SAMPLE + 1]
    if all(_WORDS_OF_A_HEADER.fullmatch(field.strip()) for field in first[:2]):
        return True
    for place in range(len(first)):
        values = [row[place] for row in others]
        if of_barcodes and looks_like_barcodes(values):
            return not looks_like_barcodes([first[place]])
        if not of_barcodes and mostly_ids(values):
            return not (is_id(first[place]) or id_inside(first[place]) or _may_be_id(first[place]))
    return _WORDS_OF_A_HEADER.fullmatch(first[0].strip()) is not None


def _may_be_id(text: str) -> bool:
    return any(map(str.isdigit, text)) and not names_nothing(text)


def _split(lines: Sequence[str]) -> list[list[str]]:
    separator = "\t"
    if not any("\t" in line for line in lines):
        sample = lines[1 : _SAMPLE + 1] or lines
        separator = next((mark for mark in ",; " if _separates(mark, sample)), "\t")
    body = lines[1 : _SAMPLE + 1]
    if body and all(_is_quoted(line, separator) for line in body):
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    else:
        rows = [line.split(separator) for line in lines]
    if len(rows) > 1 and all(not row[-1] for row in rows[1:]) and len(rows[1]) > 1:
        n = len(rows[1])
        rows = [row[:-1] if len(row) == n else row for row in rows]  # a separator ends each line
    is_short = (
        len(rows) > 1 and len({*map(len, rows[1:])}) == 1 and len(rows[0]) == len(rows[1]) - 1
    )
    if is_short and not (is_id(rows[0][0]) or any(is_type_of_10x(row[-1]) for row in rows)):
        rows[0] = ["", *rows[0]]  # R names the columns of values only
    return [[field.strip() for field in row] for row in rows]


def _separates(mark: str, lines: Sequence[str]) -> bool:
    """Whether a mark stands between fields: as often in each line, beside what is no name.

    That is an id, a barcode, the number of the row, or quotes on both of its sides.
    """
    rows = [next(csv.reader([line], delimiter=mark)) for line in lines]
    n_fields = {len(row) for row in rows}
    if len(n_fields) != 1 or n_fields == {1}:
        return False
    columns = list(zip(*rows, strict=True))
    if all(f'"{mark}"' in line for line in lines):
        return True
    numbers = [str(number) for number in range(1, len(lines) + 1)]
    return list(columns[0]) == numbers or any(
        mostly_ids(column) or looks_like_barcodes(column) for column in columns
    )


def _is_quoted(line: str, separator: str) -> bool:
    fields = line.split(separator)
    return fields[-1][-1:] == '"' and any(field[:1] == '"' for field in fields)
