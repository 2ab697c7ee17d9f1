"""Turns the first lines of a text file into its layout: separator, header, number of fields."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scbaseline.data.encoding import open_text
from scbaseline.errors import InputError

SEPARATORS = "\t,; "
"""What may stand between two fields, the most certain first."""

_N_LINES = 20  # that are looked at together, after comments
_N_CHARACTERS = 8_000_000  # of them: a line of a wide table is long, and two will do
_EXCEL = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # names the separator

_MARKED_HEADER = re.compile(r'"?#(?!#)')


@dataclass(frozen=True)
class Layout:
    """How a table with a header is written.

    Attributes
    ----------
    separator
        A space stands for any number of them.
    columns
        The names of all fields of a row but the first.
    n_skipped
        Lines before the first row: comments, blank lines and the header.
    trailing
        Whether each row ends with a separator, after which nothing stands.
    """

    separator: str
    columns: tuple[str, ...]
    n_skipped: int
    trailing: bool

    @property
    def n_fields(self) -> int:
        """The number of fields of a row, without the nothing after a last separator."""
        return len(self.columns) + 1

    @property
    def pandas_separator(self) -> str:
        """The separator as pandas takes it."""
        return r"\s+" if self.separator == " " else self.separator

    def fields(self, line: str) -> list[str]:
        """Return the fields of one row."""
        return _fields(line, self.separator)


def layout_of(path: Path) -> Layout:
    """Look at the first lines of a table together.

    Parameters
    ----------
    path
        A table whose rows begin with their names. Comment lines (``#``) and blank lines may
        stand before the header. The header may lack a name for the first field, as R writes
        it, and rows or all lines may end with a separator.

    Raises
    ------
    InputError
        It is no text, is empty, or the header does not say which field each name is of.
    """
    with open_text(path) as file:
        comments, n_before, lines, marked = _first_lines(file)
    if not lines:
        if not comments or not _MARKED_HEADER.match(comments[-1]):
            raise InputError(
                f"is empty ({'comments' if comments else 'an empty first line'}, and nothing "
                "below); pass a table whose first line names its columns"
            )
        lines, comments, n_before = [comments[-1]], comments[:-1], n_before - 1
    best: tuple[tuple[float, int], Layout] | None = None
    for separator in marked or SEPARATORS:
        rows = [_fields(line, separator) for line in lines]
        header, rows, n_skipped = rows[0], rows[1:], n_before + 1
        marked_header = _marked_header(comments, header, separator, n_before)
        if marked_header:
            header, rows, n_skipped = marked_header, [header, *rows], n_before
        fit = _fit(separator, header, rows, n_skipped)
        if fit is not None and fit[0][0] > 0.5 and (best is None or fit[0] > best[0]):
            best = fit
    if best is not None:
        return best[1]
    _refuse_preamble(lines, marked or SEPARATORS, n_before)
    # Nothing fits: the first separator that the header has says what to count by.
    separator = marked or next((mark for mark in SEPARATORS if mark in lines[0].strip()), ",")
    return Layout(separator, tuple(_fields(lines[0], separator)[1:]), n_before + 1, trailing=False)


def _first_lines(file: IO[str]) -> tuple[list[str], int, list[str], str]:
    """Return comments, the lines that they and blank lines take, some lines below, and a mark."""
    comments: list[str] = []
    lines: list[str] = []
    n_before = n_characters = 0
    marked = ""
    for line in file:
        if "\0" in line:
            raise InputError("is not a text file; get the file again")
        if not lines:
            excel = _EXCEL.fullmatch(line)
            if excel or not line.strip() or line.lstrip('" ').startswith("#"):
                marked = excel[1] if excel else marked
                comments += [] if excel or not line.strip() else [line]
                n_before += 1
                continue
        if line.strip():
            lines.append(line)
            n_characters += len(line)
        if len(lines) > _N_LINES or (len(lines) > 2 and n_characters > _N_CHARACTERS):
            break
    return comments, n_before, lines, marked


def _marked_header(
    comments: list[str], first: list[str], separator: str, n_before: int
) -> list[str]:
    """Return the fields of a header that begins with #, where what follows is a row, else none."""
    if not comments or not _are_values(first):
        return []
    header = _fields(comments[-1], separator)
    n_values = len(first) - (first[-1] == "")  # after a separator that ends the row
    if len(header) not in (len(first), n_values, n_values - 1):
        return []
    if not _MARKED_HEADER.match(comments[-1]) or _are_values(header):
        raise InputError(
            f"line {n_before} begins with # as a comment does, but has as many fields as the row "
            "of numbers below; take the # away if it is the header or a row"
        )
    return header


def _refuse_preamble(lines: list[str], separators: str, n_before: int) -> None:
    """Say so where a table begins only below some lines that are no comments."""
    for first in range(1, len(lines) - 1):
        for separator in separators:
            rows = [_fields(line, separator) for line in lines[first:]]
            fit = _fit(separator, rows[0], rows[1:], 0) if rows[0][-1:] != [""] else None
            if fit is not None and fit[0][0] == 1 and len(rows) > 2:
                raise InputError(
                    f"a table of {len(fit[1].columns)} columns begins at line "
                    f"{n_before + first + 1} only; begin the lines above it with #, "
                    f"or take them out (the first: {lines[0].strip()[:40]!r})"
                )


def _fit(
    separator: str, header: list[str], rows: list[list[str]], n_skipped: int
) -> tuple[tuple[float, int], Layout] | None:
    """Return how well a separator fits and the layout by it, or ``None`` where it does not."""
    if not rows:
        if len(header) < 2:
            return None
        return (1.0, len(header)), Layout(separator, tuple(header[1:]), n_skipped, trailing=False)
    n_rows = Counter(map(len, rows)).most_common()
    h = len(header)
    n = next((n for n, _ in n_rows if n >= 2 and h - 1 <= n <= h + 2), 0)
    rows_of_n = [row for row in rows if len(row) == n]
    if not n:
        return None
    ends_empty = all(row[-1].strip() == "" for row in rows_of_n)
    trailing = False
    if header[-1].strip() == "" and h > 1:
        if ends_empty and n in (h, h + 1):
            header, trailing = header[:-1], True
        elif n == h - 1:
            header = header[:-1]
        else:
            raise InputError(
                f"the header ends without a name ({header[-2][:40]!r} is the last), and the rows "
                "do not end so; name the last column, or take the last separator away"
            )
    elif ends_empty and n in (h + 1, h + 2):
        trailing = True
    n -= trailing
    if n == len(header):
        columns = header[1:]
    elif n == len(header) + 1:  # R names the columns of values only
        columns = header
    else:
        return None
    layout = Layout(separator, tuple(columns), n_skipped, trailing)
    return (len(rows_of_n) / len(rows), n), layout


def _fields(line: str, separator: str) -> list[str]:
    line = line.strip(" \r\n") if separator == " " else line.rstrip("\r\n")
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:  # a field of more than 131,072 characters is none
        return [line]


def _are_values(fields: Sequence[str]) -> bool:
    """Whether a line is a row of numbers with or without a name before them."""
    return len(fields) > 1 and all(map(_is_number, fields[1:]))


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return text in ("NA", "")
    return True
