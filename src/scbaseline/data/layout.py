"""Turns the first lines of a text file into its layout: separator, header, number of fields."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from scbaseline.data.encoding import open_text
from scbaseline.data.fit import Fit, fit
from scbaseline.data.numerals import is_number
from scbaseline.data.records import fields_of, records
from scbaseline.errors import InputError

SEPARATORS = "\t,;| "
"""What may stand between two fields, the most certain first."""

_N_LINES = 20  # that are looked at together, after comments
_N_CHARACTERS = 8_000_000  # of them: a line of a wide table is long, and two will do
_EXCEL = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # names the separator
_GCT = re.compile(r"#1\.\d\s*")  # a line of GenePattern's, below which the numbers of rows stand

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
        So many separators end each row, after which nothing stands.
    corner
        What the header calls the first field; ``""`` where it has no name.
    quote
        The mark around fields that hold a separator.
    first_rows
        The fields of the first rows.
    """

    separator: str
    columns: tuple[str, ...]
    n_skipped: int
    trailing: int
    corner: str = ""
    quote: str = '"'
    first_rows: tuple[list[str], ...] = field(default=(), repr=False, compare=False)

    @property
    def n_fields(self) -> int:
        """The number of fields of a row, without the nothing after a last separator."""
        return len(self.columns) + 1

    @property
    def pandas_separator(self) -> str:
        """The separator as pandas takes it."""
        return r"\s+" if self.separator == " " else self.separator

    def fields(self, row: str) -> list[str]:
        """Return the fields of one row."""
        return fields_of(row, self.separator, self.quote)


def layout_of(path: Path) -> Layout:
    """Look at the first lines of a table together.

    Parameters
    ----------
    path
        A table whose rows begin with their names. Comment lines (``#``) and blank lines may
        stand before the header. The header may lack a name for the first field, as R writes
        it, and rows or all lines may end with separators.

    Raises
    ------
    InputError
        It is no text, is empty, or the header does not say which field each name is of.
    """
    with open_text(path) as file:
        comments, n_before, lines, marked = _first_lines(file)
    if not any(line.strip() for line in lines):
        if not comments or not _MARKED_HEADER.match(comments[-1]):
            raise InputError(
                f"is empty ({'comments' if comments else 'an empty first line'}, and nothing "
                "below); pass a table whose first line names its columns"
            )
        lines, comments, n_before = [comments[-1]], comments[:-1], n_before - 1
    quote = _quote(lines)
    best: tuple[Fit, Layout] | None = None
    for separator in marked or SEPARATORS:
        n_header, rows = _rows(lines, separator, quote)
        header, rows, n_skipped = rows[0], rows[1:], n_before + n_header
        marked_header = _marked_header(comments, header, separator, n_before)
        if marked_header:
            header, rows, n_skipped = marked_header, [header, *rows], n_before
        found = fit(separator, header, rows)
        if found and found.share > 0.5 and (best is None or found.score > best[0].score):
            columns = tuple(map(str.strip, found.columns))
            layout = Layout(
                separator, columns, n_skipped, found.trailing, found.corner.strip(), quote,
                tuple(rows),
            )  # fmt: skip
            best = found, layout
    if best is not None:
        _refuse_two_separators(best[1])
        return best[1]
    _refuse_preamble(lines, marked or SEPARATORS, n_before)
    # Nothing fits: the first separator that the header has says what to count by.
    separator = marked or next((mark for mark in SEPARATORS if mark in lines[0].strip()), ",")
    header = fields_of(lines[0], separator, quote)
    return Layout(separator, tuple(header[1:]), n_before + 1, 0, (*header, "")[0], quote)


def _first_lines(file: IO[str]) -> tuple[list[str], int, list[str], str]:
    """Return comments, the lines that they and blank lines take, some lines below, and a mark."""
    comments: list[str] = []
    lines: list[str] = []
    n_before = n_rows = n_characters = 0
    marked = ""
    for line in file:
        if "\0" in line:
            raise InputError("is not a text file; get the file again")
        if not lines:
            excel = _EXCEL.fullmatch(line)
            is_size = bool(comments) and bool(_GCT.fullmatch(comments[-1])) and _is_size(line)
            if is_size or excel or not line.strip() or _is_comment(line):
                marked = excel[1] if excel else marked
                comments += [] if is_size or excel or not line.strip() else [line]
                n_before += 1
                continue
        lines.append(line)
        n_rows += bool(line.strip())
        n_characters += len(line)
        if n_rows > _N_LINES or (n_rows > 2 and n_characters > _N_CHARACTERS):
            break
    return comments, n_before, lines, marked


def _is_comment(line: str) -> bool:
    """Whether a line is one: in quotes, too, but not where these are closed further down."""
    text = line.lstrip(" ")
    return text.startswith("#") or (text.lstrip('"').startswith("#") and text.count('"') % 2 == 0)


def _is_size(line: str) -> bool:
    return len(line.split()) > 1 and all(map(str.isdigit, line.split()))


def _quote(lines: Sequence[str]) -> str:
    """Return the mark around fields: ``'`` where each line begins and its fields end with it."""
    starts = [line.lstrip(" ,;\t|")[:1] for line in lines if line.strip()]
    return "'" if starts and set(starts) == {"'"} and '"' not in lines[0] else '"'


def _rows(lines: Sequence[str], separator: str, quote: str) -> tuple[int, list[list[str]]]:
    """Return the number of lines that the header takes, and the fields of each row."""
    rows: list[list[str]] = []
    n_header = 1
    try:
        for _, last, text in records(lines, separator, quote):
            n_header = n_header if rows else last
            rows += [fields_of(text, separator, quote)] if text.strip() else []
    except InputError:  # it is closed below the lines that were looked at, or nowhere
        if len(rows) < 2:
            rows = [fields_of(line, separator, quote) for line in lines if line.strip()]
            n_header = 1
    return n_header, rows


def _marked_header(
    comments: list[str], first: list[str], separator: str, n_before: int
) -> list[str]:
    """Return the fields of a header that begins with #, where what follows is a row, else none."""
    if not comments or not _are_values(first):
        return []
    header = fields_of(comments[-1], separator)
    n_values = len(first) - (first[-1] == "")  # after a separator that ends the row
    if len(header) not in (len(first), n_values, n_values - 1):
        return []
    if not _MARKED_HEADER.match(comments[-1]) or _are_values(header):
        raise InputError(
            f"line {n_before} begins with # as a comment does, but has as many fields as the row "
            "of numbers below; take the # away if it is the header or a row"
        )
    return header


def _refuse_two_separators(layout: Layout) -> None:
    """Refuse a table of tabs in which further fields stand behind spaces in the first one."""
    n = {row[0].count(" ") for row in layout.first_rows}
    n_corner = layout.corner.count(" ")  # less one, where the first field has no name
    if layout.separator != "\t" or not n_corner or n not in ({n_corner}, {n_corner + 1}):
        return
    if all(is_number(part) for row in layout.first_rows for part in row[0].split()[1:]):
        raise InputError(
            f"fields are separated by tabs, and in the first one ({layout.first_rows[0][0][:40]!r})"
            " by spaces; separate all fields by tabs"
        )


def _refuse_preamble(lines: Sequence[str], separators: str, n_before: int) -> None:
    """Say so where a table begins only below some lines that are no comments."""
    for first in range(1, len(lines) - 1):
        for separator in separators:
            rows = [fields_of(line, separator) for line in islice(lines, first, None)]
            rows = [row for row in rows if row and row != [""]]
            found = fit(separator, rows[0], rows[1:]) if rows and rows[0][-1:] != [""] else None
            if found and found.share == 1 and len(rows) > 2:
                raise InputError(
                    f"a table of {len(found.columns)} columns begins at line "
                    f"{n_before + first + 1} only; begin the lines above it with #, "
                    f"or take them out (the first: {lines[0].strip()[:40]!r})"
                )


def _are_values(fields: Sequence[str]) -> bool:
    """Whether a line is a row of numbers with or without a name before them."""
    return len(fields) > 1 and all(text in ("", "NA") or is_number(text) for text in fields[1:])
