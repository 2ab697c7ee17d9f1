"""A result's scores in; the short text, HTML and table that Python shows of it, out."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from scbaseline.study.evidence import Row

if TYPE_CHECKING:
    import pandas as pd


def scores_table(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return one row per protocol, recipe and metric over all labels, with its evidence.

    Parameters
    ----------
    rows
        Scores with their evidence.

    Returns
    -------
    Columns ``tier``, ``value``, ``low`` and ``high`` (a 95 % interval, missing where there is
    none), ``n`` (cells judged) and ``about`` (what the interval holds fixed).
    """
    import pandas as pd

    columns = ["protocol", "recipe", "metric", "tier", "value", "low", "high", "n", "about"]
    over_all = [[getattr(r, name) for name in columns] for r in rows if r.label is None]
    table = pd.DataFrame(over_all, columns=columns).set_index(columns[:3])
    return table.astype({"low": float, "high": float})


def accuracy_table(rows: Iterable[Row]) -> "pd.DataFrame":
    """Return the accuracy of each recipe (columns) under each protocol (rows)."""
    import pandas as pd

    accuracy = [r for r in rows if r.metric == "accuracy" and r.label is None]
    table: pd.DataFrame = pd.DataFrame(
        {recipe: {} for recipe in dict.fromkeys(r.recipe for r in accuracy)},
        index=list(dict.fromkeys(f"{r.protocol} ({r.tier})" for r in accuracy)),
        dtype=float,
    )
    for row in accuracy:
        table.loc[f"{row.protocol} ({row.tier})", row.recipe] = row.value
    return table


def as_text(head: str, table: "pd.DataFrame", *, more: str) -> str:
    """Return at most twenty lines: what it is, a table, and where there is more."""
    shown = table.to_string(float_format="{:.3f}".format, max_rows=14, na_rep="")
    return f"{head}\n{shown}\n{more}"


def as_html(head: str, table: "pd.DataFrame", *, more: str) -> str:
    """Return the same as HTML for a notebook; every text in it is escaped."""
    shown = table.to_html(float_format="{:.3f}".format, max_rows=14, na_rep="", border=0)
    return f"<p>{escape(head)}</p>\n{shown}\n<p>{escape(more)}</p>"
