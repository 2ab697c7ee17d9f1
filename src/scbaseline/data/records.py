"""Turns the lines of a text file into the rows of a table, where a quoted field may hold breaks."""

import csv
from collections.abc import Iterable, Iterator

from scbaseline.errors import InputError

_MOST_LINES = 20  # of one row; more are a quote that is not closed


def records(
    lines: Iterable[str], separator: str, quote: str = '"', *, n_before: int = 0
) -> Iterator[tuple[int, int, str]]:
    """Yield each row with the numbers of its first and its last line, counted from 1.

    Parameters
    ----------
    lines
        Of a file, from its line ``n_before`` + 1 on.
    separator, quote
        The marks between fields, and around those that hold a separator or a line break.

    Raises
    ------
    InputError
        A quote is opened and not closed.
    """
    number = n_before
    rest = iter(lines)
    for line in rest:
        number += 1
        first, text = number, line
        while quote in text and _is_open(text, separator, quote):
            more = next(rest, None)
            if more is None or number - first > _MOST_LINES:
                raise InputError(
                    f"line {first} opens a quote ({quote}) that is not closed; close it, or take "
                    "it away"
                )
            number += 1
            text += more
        yield first, number, text


def fields_of(text: str, separator: str, quote: str = '"') -> list[str]:
    """Return the fields of one row; a space as separator stands for any number of them."""
    text = text.strip(" \r\n") if separator == " " else text.rstrip("\r\n")
    reader = csv.reader([text], delimiter=separator, quotechar=quote, skipinitialspace=True)
    try:
        return next(reader, [])
    except csv.Error:  # a field of more than 131,072 characters is none
        return [text]


def _is_open(text: str, separator: str, quote: str) -> bool:
    """Whether a row ends within a quoted field; a quote within a field is a plain letter."""
    if text.count(quote) % 2 == 0:
        return False
    reader = csv.reader(
        [text], delimiter=separator, quotechar=quote, skipinitialspace=True, strict=True
    )
    try:
        next(reader, [])
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
