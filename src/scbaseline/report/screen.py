"""Findings in; bold titles, tables and lines on a terminal out."""

import sys
from textwrap import wrap

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from scbaseline.report.finding import Cell, Finding, Table

_GAP = 2  # columns between two columns of a table
_LEAST, _PIPE = 80, 120  # columns of a narrow terminal, and of a pipe


class Screen:
    """Where results are shown: plain words, no markup in them.

    Parameters
    ----------
    quiet
        Show nothing.
    verbose
        Show details, too.
    stderr
        Show them beside standard output, which carries a table.
    width
        Columns; by default those of the terminal, but at least 80, and 120 in a pipe.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        stderr: bool = False,
        width: int | None = None,
    ) -> None:
        if width is None and not (sys.stderr if stderr else sys.stdout).isatty():
            width = _PIPE
        self._console = Console(
            quiet=quiet, highlight=False, markup=False, width=width, stderr=stderr
        )
        # On a narrow terminal, lines that run on are better than columns that are left out.
        self._console.width = max(self._console.width, _LEAST)
        self._verbose = verbose
        self._shown = False

    def show(self, *findings: Finding) -> None:
        """Show findings one below the other; details only where they were asked for."""
        for finding in findings:
            if not finding.detail or self._verbose:
                self._show(finding)

    def emphasise(self, notice: str) -> None:
        """Show words that nobody must miss, if there are any."""
        if notice:
            self._console.print(notice, style="bold")
            self._shown = True

    def text(self, text: str) -> None:
        """Show a text as it is, such as JSON for a program."""
        self._console.print(text, soft_wrap=True)

    def _show(self, finding: Finding) -> None:
        if self._shown:
            self._console.print()
        self._shown = True
        self._print(finding.title, style="bold")
        if finding.table is not None and finding.table.rows:
            self._console.print(rich_table(finding.table, width=self._console.width))
        for sentence in finding.sentences:
            self._print(sentence)

    def _print(self, words: str, *, style: str = "") -> None:
        """Print words in lines that fit; what is set in, such as a command to copy, stays whole."""
        for line in words.splitlines():
            if line.startswith("  "):
                self._console.print(line, style=style, soft_wrap=True)
                continue
            wrapped = wrap(
                line, self._console.width, break_long_words=False, break_on_hyphens=False
            )
            self._console.print("\n".join(wrapped), style=style, soft_wrap=True)


def rich_table(table: Table, *, width: int) -> RichTable:
    """Return a table that can be printed.

    Parameters
    ----------
    width
        Columns that there are: where the table would be wider, what stands beside a value
        stands below it.
    """
    drawn = RichTable(
        box=None, pad_edge=False, header_style="bold",
        padding=(0, _GAP, 0, 0), show_header=any(table.columns),
    )  # fmt: skip
    for place, title in enumerate(table.columns):
        drawn.add_column(
            Text(title),
            justify="right" if place in table.numbers else "left",
            no_wrap=_width(table, place) <= width // 2,
        )
    wide = sum(_width(table, place) + _GAP for place in range(len(table.columns))) <= width
    for row in table.rows:
        if wide:
            drawn.add_row(*(_beside(cell) for cell in row))
            continue
        drawn.add_row(*(_text(cell) for cell in row))
        if any(cell.beside for cell in row):
            drawn.add_row(*(Text(cell.beside, style="dim") for cell in row))
    return drawn


def _width(table: Table, place: int) -> int:
    lines = table.columns[place].split("\n")
    lines += [f"{row[place].text} {row[place].beside}".rstrip() for row in table.rows]
    return max(map(len, lines))


def _text(cell: Cell) -> Text:
    return Text(cell.text, style="dim" if cell.faint else "")


def _beside(cell: Cell) -> Text:
    return _text(cell).append(f" {cell.beside}", style="dim") if cell.beside else _text(cell)
