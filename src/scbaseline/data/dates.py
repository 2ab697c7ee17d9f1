"""Says which names of genes a spreadsheet has turned into dates."""

import re
import warnings
from collections.abc import Iterable

from scbaseline.errors import ScbaselineWarning

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)"
_DATE = re.compile(
    rf"\d{{1,2}}[-. /]{_MONTH}(?:[-. /]\d{{2,4}})?|{_MONTH}[-. /]\d{{1,2}}"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: 00:00:00)?|\d{1,2}/\d{1,2}/\d{2,4}"
    r"|\d{1,2}\.\d{1,2}\.\d{4}",
    re.IGNORECASE,
)
_MOST = 0.1  # of the names of genes are such


def is_date(name: str) -> bool:
    """Whether a text is a date and nothing else: ``2-Sep``, or ``2-Sep-1`` where it is a copy.

    It may be one of several genes. What begins with a letter is none: worms have genes such as
    ``sep-1`` and ``apr-1``.
    """
    if not name[:1].isdigit():
        return False
    return bool(_DATE.fullmatch(name) or _DATE.fullmatch(re.sub(r"[-.]\d{1,2}$", "", name)))


def dates_among(names: Iterable[str]) -> list[str]:
    """Return the names that are dates, as a spreadsheet makes of SEPT2 and MARCH1.

    Examples
    --------
    >>> dates_among(["CD3D", "2-Sep", "Mar-01", "MARCH1"])
    ['2-Sep', 'Mar-01']
    """
    return [name for name in names if name[-1:].isdigit() and _DATE.fullmatch(name)] + [
        name
        for name in names
        if name[:1].isdigit() and name[-1:].isalpha() and _DATE.fullmatch(name)
    ]


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
