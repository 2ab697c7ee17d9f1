"""What a person is to read, as plain values: findings, their tables, and the cells of these.

Sections make findings from results. :mod:`scbaseline.report.screen` shows them on a terminal.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table.

    Attributes
    ----------
    text
        A value or a name.
    beside
        What belongs to the text and has less weight, such as its interval. It stands beside
        the text, or below it where there is no room.
    faint
        Whether the text itself has less weight than that of other cells.
    """

    text: str = ""
    beside: str = ""
    faint: bool = False


@dataclass(frozen=True)
class Table:
    """Cells in rows and columns.

    Attributes
    ----------
    columns
        The title of each column; it may have several lines.
    rows
        The cells of each row, one for each column.
    numbers
        The columns of whole numbers, which are set to the right.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that a result shows.

    Attributes
    ----------
    title
        What it is about.
    sentences
        What it says, a thought each.
    table
        The numbers.
    figure
        The name of the figure that shows it, as its file is called without folder and ending.
    detail
        Whether it is for those who ask for more: ``--verbose``, or a full report.
    """

    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    figure: str | None = None
    detail: bool = False
