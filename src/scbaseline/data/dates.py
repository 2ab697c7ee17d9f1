"""Says which names of genes a spreadsheet has turned into dates."""

import re
import warnings
from collections.abc import Iterable

from scbaseline.errors import ScbaselineWarning

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)"
_DAY_FIRST = re.compile(
    rf"\d{{1,2}}[-. /]{_MONTH}(?:[-. /]\d{{2,4}})?"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: 00:00:00)?|\d{1,2}/\d{1,2}/\d{2,4}"
    r"|\d{1,2}\.\d{1,2}\.\d{4}",
    re.IGNORECASE,
)
# As Excel writes it: a capital, small letters, two digits.
_MONTH_FIRST = re.compile(rf"{_MONTH}-\d{{2}}")
_COPY = re.compile(r"[-.]\d{1,2}$")
_FIRSTS = frozenset("0123456789JFMASOND")
_MOST = 0.1  # of the names of genes are such


def is_date(name: str) -> bool:
    """Whether a text is a date and nothing else: ``2-Sep``, or ``2-Sep-1`` where it is a copy.

    It may be one of several genes. Worms have genes such as ``sep-1`` and ``apr-1``, which are
    none; of what begins with a month, only the form of spreadsheets is one: ``Sep-01``.
    """
    if not name[:1].isdigit():
        return bool(_MONTH_FIRST.match(name)) and any(
            _MONTH_FIRST.fullmatch(text) for text in (name, _COPY.sub("", name))
        )
    return any(_DAY_FIRST.fullmatch(text) for text in (name, _COPY.sub("", name)))


def dates_among(names: Iterable[str]) -> list[str]:
    """Return the names that are dates, as a spreadsheet makes of SEPT2 and MARCH1.

    Examples
    --------
    >>> dates_among(["CD3D", "2-Sep", "Mar-01", "mar-1", "MARCH1"])
    ['2-Sep', 'Mar-01']
    """
    return [name for name in names if name[:1] in _FIRSTS and is_date(name)]


def warn_of_dates(names: Iterable[str], source: str) -> None:
    """Warn where a few of many names are dates."""
    every = list(names)
    dates = dates_among(every)
    if dates and len(dates) <= _MOST * len(every):
        warnings.warn(
            f"{source}: {len(dates):,} names are dates ({dates[0]!r}): a spreadsheet makes them of "
            "genes such as SEPT2 and MARCH1, and these genes are not found again; take the table "
            "from before it was opened there",
            ScbaselineWarning,
            stacklevel=4,
        )
