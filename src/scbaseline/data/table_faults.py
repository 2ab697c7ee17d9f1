"""Says in which line and column a table is none, and what to do about it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from scbaseline.data.encoding import open_text
from scbaseline.data.layout import Layout
from scbaseline.data.numerals import comma_of, has_thousands, is_plain_number
from scbaseline.data.records import records
from scbaseline.errors import InputError

_MAY_BE_ZERO = (".", "-", "\u2013", "\u2014")  # a dot, and dashes of three lengths

Commas = Literal["", "decimal", "thousands", "either"]


def refuse_uneven_rows(path: Path, layout: Layout) -> bool:
    """Count each row's fields: pandas fills a row that was cut short with missing values.

    Returns
    -------
    Whether the file ends with a line break.

    Raises
    ------
    InputError
        A row has too many or too few fields.
    """
    row = "\n"
    wanted = layout.n_fields + layout.trailing
    for number, row in _rows(path, layout):
        if layout.separator == " " and "\t" in row:
            raise InputError(
                f"line {number} holds a tab, and its fields are separated by spaces; "
                "separate all fields by tabs"
            )
        n = row.count(layout.separator) + 1
        if n != wanted or layout.quote in row or layout.separator == " ":
            n = len(layout.fields(row))
        if n != wanted:
            raise InputError(
                f"line {number} has {n} values, the header names {layout.n_fields}; "
                f"{_hint(layout, row, n > wanted)}"
            )
        if layout.trailing and any(
            value.strip() for value in layout.fields(row)[-layout.trailing :]
        ):
            hint = _hint(layout, row, too_many=True) if row.startswith("#") else "name that column"
            raise InputError(
                f"line {number} has a value behind the last column of the header, where other "
                f"lines have none; {hint}"
            )
    return row.endswith(("\n", "\r"))


def _hint(layout: Layout, row: str, too_many: bool) -> str:
    if not row.replace("\t", " ").strip().isprintable():
        return "it holds signs that are no text; take that line out, or get the file again"
    if row.startswith("#"):
        return "comments may stand before the header only, take this one out"
    if too_many:
        return "take out what is too many, or put what holds a separator in quotes"
    if not row.endswith(("\n", "\r")):
        return "the file is cut short, get it again"
    fields = layout.fields(row)
    return (
        f"if it is no row of the table ({fields[0][:40]!r}), take it out; else add what is missing"
    )


def commas_of(path: Path, layout: Layout, counts: Sequence[int]) -> Commas:
    """Return what the commas in the numbers of a table stand before."""
    seen: set[str] = set()
    wanted = set(counts)
    for _, row in _rows(path, layout):
        if layout.separator == "," and layout.quote not in row:
            continue
        fields = enumerate(layout.fields(row))
        seen |= {comma_of(text) for place, text in fields if place in wanted and "," in text}
        if {"decimal", "thousands"} <= seen or ("decimal" in seen and layout.separator == ","):
            return ""
    seen.discard("")
    if "decimal" in seen or "thousands" in seen:
        return "decimal" if "decimal" in seen else "thousands"
    return "either" if seen else ""


def not_a_number(
    path: Path, layout: Layout, counts: Sequence[int], commas: Commas
) -> InputError | None:
    """Find the first value that is not a number; pandas does not say where it is."""
    decimal = "," if commas == "decimal" else "."
    for number, row in _rows(path, layout):
        fields = layout.fields(row)
        for place in counts:
            value = fields[place] if place < len(fields) else ""
            if is_plain_number(value, decimal=decimal):
                continue
            if value == layout.columns[place - 1]:
                return InputError(
                    f"line {number} is the header once more, as where files were joined; "
                    "take that line out"
                )
            column = layout.columns[place - 1]
            return InputError(
                f"column {column!r} holds {value[:40]!r} in row {fields[0]!r}, which is not "
                f"a number; {how_to_mend(value, commas)}"
            )
    return None


def how_to_mend(value: str, commas: Commas = "") -> str:
    """Say what to do about a value that is not a number."""
    if value.strip() in _MAY_BE_ZERO:
        return "if it stands for zero, write 0 in its place"
    if commas == "either":
        return (
            "its comma may be a decimal mark, or part the number into thousands; save the table "
            "with points as decimal marks and nothing between thousands"
        )
    if commas == "thousands" or has_thousands(value):
        return "save the table without marks between thousands (Excel: format the cells as Number)"
    if comma_of(value):
        return "its comma is a decimal mark; save the table with points instead"
    if any(letter.isspace() and letter not in " \t" for letter in value):
        return "it holds a no-break space or the like; save the table without these"
    return "leave only counts in the table, and pass labels and the like with --obs FILE.csv"


def _rows(path: Path, layout: Layout) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line of each row, and its text."""
    with open_text(path) as file:
        for _ in range(layout.n_skipped):
            next(file, None)
        rows = records(file, layout.separator, layout.quote, n_before=layout.n_skipped)
        for first, _, text in rows:
            if "\0" in text:
                raise InputError(f"line {first:,} holds zero bytes; get the file again")
            if text.strip():
                yield first, text
