"""Says how well a separator fits the first rows of a table, and which fields the header names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scbaseline.data.numerals import is_number
from scbaseline.errors import InputError

_N_VALUES = 100  # of a row, that are looked at: a row of a wide table has 30,000


@dataclass(frozen=True)
class Fit:
    """What a table is like by one separator.

    Attributes
    ----------
    share
        Of the rows have as many fields as the header asks for.
    score
        The greater, the better it fits.
    corner, columns
        What the header calls the first field, ``""`` if nothing, and the others.
    trailing
        Separators at the end of each row, after which nothing stands.
    """

    share: float
    score: tuple[float, ...]
    corner: str
    columns: Sequence[str]
    trailing: int


def fit(separator: str, header: list[str], rows: list[list[str]]) -> Fit | None:
    """Return how well a separator fits, or ``None`` where it does not.

    A header with rows below is more certain than one without, one that names each field than
    one that lacks the first name, and a mark than spaces, which stand within names, too.

    Raises
    ------
    InputError
        The header ends without a name, so that it is not clear which field a name is of.
    """
    if not rows:
        if len(header) < 2:
            return None
        score = (1.0, False, _are_clean([header]), True, separator != " ", 0.0, len(header))
        return Fit(1.0, score, header[0], header[1:], 0)
    h = len(header)
    n_rows = Counter(map(len, rows)).most_common()
    n_empty = h - len(_without_empty_end(header))
    n = next((n for n, _ in n_rows if n >= 2 and h - max(n_empty, 1) <= n <= h + 2), 0)
    rows_of_n = [row for row in rows if len(row) == n]
    if not n:
        return None
    found = _named(header, n, min(n - len(_without_empty_end(row)) for row in rows_of_n))
    if found is None:
        return None
    corner, columns, trailing, is_full = found
    values = [value for row in rows_of_n for value in row[1 : 1 + _N_VALUES]]
    is_clean = _are_clean([header, *rows_of_n])
    share = len(rows_of_n) / len(rows)
    numeric = sum(map(is_number, values)) / len(values)
    score = (share, True, is_clean, is_full, separator != " ", numeric, n - trailing)
    return Fit(share, score, corner, columns, trailing)


def _are_clean(rows: list[list[str]]) -> bool:
    """Whether no field holds a quote or a tab, which another separator would leave out."""
    starts = [value for row in rows for value in row[: 1 + _N_VALUES]]
    return not any('"' in value or "\t" in value for value in starts)


def _named(header: list[str], n: int, n_ends: int) -> tuple[str, Sequence[str], int, bool] | None:
    """Return the first field's name, the others', the separators too many, and if all are named.

    Parameters
    ----------
    header
        Its fields.
    n, n_ends
        The number of fields of a row, and how many at its end are empty in every row.
    """
    named = _without_empty_end(header)
    h, n_empty = len(named), len(header) - len(named)
    if n_empty and named:
        trailing = n - h
        if 0 <= trailing <= n_ends:
            return named[0], named[1:], trailing, True
        trailing = n - h - 1
        if n_empty <= trailing <= n_ends:
            return "", named, trailing, False
        raise InputError(
            f"the header ends without a name ({named[-1][:40]!r} is the last), and the rows "
            "do not end so; name the last column, or take the last separator away"
        )
    h = len(header)
    trailing = int(n_ends > 0 and n in (h + 1, h + 2))
    if n - trailing == h:
        return header[0], header[1:], trailing, True
    if n - trailing == h + 1:  # R names the columns of values only
        return "", header, trailing, False
    return None


def _without_empty_end(fields: list[str]) -> list[str]:
    n = len(fields)
    while n and not fields[n - 1].strip():
        n -= 1
    return fields[:n]
