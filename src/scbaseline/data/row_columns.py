"""Tells the columns of a table that hold counts from those that describe its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scbaseline.data.column_titles import (
    LENGTHS,
    NAMES_OF_CELLS,
    NUMBERS_OF_GENES,
    OF_GENES,
    PLACES,
    of_cells,
    plain_title,
)
from scbaseline.data.columns_of_cells import are_genes, between_about_cells
from scbaseline.data.identifiers import is_id, is_row_number, mostly_ids
from scbaseline.data.known import n_known
from scbaseline.data.layout import Layout
from scbaseline.data.names import looks_like_barcodes
from scbaseline.data.numerals import MISSING, is_number
from scbaseline.data.row_kinds import is_coordinate, is_measure
from scbaseline.data.table_faults import how_to_mend
from scbaseline.errors import InputError

_SURELY_KNOWN = 10  # names of genes in the columns: more than populations of cells are called so
_CITIES = ("leiden", "louvain")  # which samples may be called after

# What programs write where no number is.
_NO_VALUE = re.compile(r"(?i)#?n[/.]?[ad]\.?|<na>|nan|null|none|nil|missing|#[A-Z0-9/]+[!?]?")

# One line for each transcript or gene of one sample: not cells.
_OF_ONE_SAMPLE = (
    ("kallisto", {"target_id", "est_counts", "tpm"}),
    ("salmon", {"name", "numreads", "tpm"}),
    ("RSEM", {"expected_count", "tpm"}),
)


@dataclass(frozen=True)
class RowColumns:
    """Places of columns, the first field of a row being 0.

    Attributes
    ----------
    counts
        Columns that hold counts.
    about
        Columns that describe the rows.
    names
        The column that names the rows: 0, but where that holds row numbers only.
    """

    counts: tuple[int, ...]
    about: tuple[int, ...]
    names: int


def row_columns(layout: Layout) -> RowColumns:
    """Tell counts from what describes the rows, by the header and the first rows.

    A column of text is judged by its name, by its values, and by whether rows or columns are
    genes. A column of numbers is judged by its name alone.

    Raises
    ------
    InputError
        It is the result for one sample, or a line for each count; or some columns hold text
        and it is not clear what they are.
    """
    titles = [plain_title(title) for title in layout.columns]
    _refuse_one_sample(layout, titles)
    every = range(1, layout.n_fields)
    rows = [row for row in layout.first_rows if len(row) >= layout.n_fields]
    texts = [place for place in every if _holds_text(rows, place, titles[place - 1])]
    measures = [
        place for place in every
        if is_measure(layout.columns[place - 1])
        and not (is_coordinate(layout.columns[place - 1]) and _holds_counts(rows, place))
    ]  # fmt: skip
    no_numbers = {*texts, *measures}
    numbers = [place for place in every if place not in no_numbers]
    _refuse_long(layout, rows)
    if not numbers:
        raise _refusal(layout, texts or measures, rows)
    rows_are = _what_rows_are(layout, titles, rows, texts, numbers)
    if rows_are == "genes":
        measures = [
            place for place in measures
            if not is_coordinate(layout.columns[place - 1]) and titles[place - 1] not in _CITIES
        ]  # fmt: skip
        about = {*texts, *_of_genes(titles, numbers)}
    elif rows_are == "unclear":
        _refuse_unclear(layout, titles)
        about = {*texts, *(() if texts else _lengths(titles, numbers))}
    else:
        about = {*texts, *_lengths(titles, numbers)}
        if are_genes(layout.columns[place - 1] for place in numbers):
            about |= _of_genes(titles, numbers)
        about |= {place + 1 for place in of_cells(titles)}
        about |= between_about_cells(layout.columns, {*about, *measures})
    counted = [layout.columns[place - 1] for place in numbers if place not in about]
    if rows_are != "genes" and texts and not are_genes(counted):
        raise _refusal(layout, texts, rows)
    about |= set(measures)
    counts = tuple(place for place in every if place not in about)
    if not counts:
        raise _refusal(layout, sorted(about), rows)
    return RowColumns(counts, tuple(sorted(about)), _names(rows, texts))


def _what_rows_are(
    layout: Layout, titles: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[int],
    numbers: Sequence[int],
) -> Literal["genes", "cells", "unclear"]:  # fmt: skip
    """Say what stands in the rows: ids and the corner decide before names that are of both.

    Sorted cells are called CD4, CD14 and CD19, as genes are.
    """
    if len(PLACES.intersection(titles)) >= 3:
        return "genes"
    firsts = [row[0] for row in rows]
    lengths = _lengths(titles, numbers)
    counted = [layout.columns[place - 1] for place in numbers if place not in lengths]
    named = [names for names in [firsts, *([row[at] for row in rows] for at in texts)] if names]
    corner = plain_title(layout.corner.strip("#"))
    if rows and looks_like_barcodes(firsts):
        return "cells"
    if corner in OF_GENES and not any(map(n_known, named)) and (texts or of_cells(titles)):
        _refuse_both(layout, counted)
    if corner in OF_GENES or any(map(mostly_ids, named)) or looks_like_barcodes(counted):
        return "genes"
    if are_genes(counted) or corner in NAMES_OF_CELLS:
        return "cells"
    if any(map(n_known, named)) or any(titles[place - 1] in OF_GENES for place in texts):
        return "genes"
    return "unclear"


def _refuse_both(layout: Layout, counted: Sequence[str]) -> None:
    """Refuse a table whose first column is called one of genes, as are its other columns."""
    if n_known(counted) >= _SURELY_KNOWN and not any(is_id(row[0]) for row in layout.first_rows):
        shown = ", ".join(name for name in counted if n_known([name]))[:60]
        raise InputError(
            f"its first column is called {layout.corner!r}, but other columns are named by genes "
            f"({shown}, …); where cells stand in the rows, call the first column 'cell'"
        )


def _lengths(titles: Sequence[str], numbers: Sequence[int]) -> set[int]:
    return {place for place in numbers if titles[place - 1] in LENGTHS}


def _of_genes(titles: Sequence[str], numbers: Sequence[int]) -> set[int]:
    """Return the columns of numbers that describe genes."""
    wanted = LENGTHS | NUMBERS_OF_GENES
    return {place for place in numbers if titles[place - 1] in wanted}


def _refuse_unclear(layout: Layout, titles: Sequence[str]) -> None:
    unclear = [
        name
        for name, title in zip(layout.columns, titles, strict=True)
        if title in NUMBERS_OF_GENES | OF_GENES
    ]
    if unclear:
        raise InputError(
            f"columns {', '.join(map(repr, unclear))} seem to describe genes, but it is not clear "
            "that genes stand in the rows; take these columns out, or call the first one 'gene'"
        )


def _names(rows: Sequence[Sequence[str]], texts: Sequence[int]) -> int:
    """Return the column that names the rows, where the first one holds numbers of rows only."""
    if not rows or not all(is_row_number(row[0]) or not row[0].strip() for row in rows):
        return 0
    unlike = [place for place in texts if len({row[place] for row in rows}) == len(rows)]
    for place in unlike:
        values = [row[place] for row in rows]
        if looks_like_barcodes(values) or mostly_ids(values) or n_known(values):
            return place
    return unlike[0] if len(unlike) == 1 else 0


def _holds_text(rows: Sequence[Sequence[str]], place: int, title: str) -> bool:
    """Whether a column holds text: words, or anything but numbers under a title that is known.

    ``-`` and ``NULL`` are no words: further down, such a column may hold counts.
    """
    values = [row[place] for row in rows if row[place].strip() not in MISSING]
    if not values or any(map(is_number, values)):
        return False
    is_known = title in OF_GENES | NUMBERS_OF_GENES or bool(of_cells([title]))
    return is_known or any(map(_is_word, values))


def _is_word(value: str) -> bool:
    return any(map(str.isalpha, value)) and not _NO_VALUE.fullmatch(value.strip())


def _holds_counts(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether no value of a column is below zero or a fraction."""
    values = [row[place].strip() for row in rows]
    return all(text in MISSING or re.fullmatch(r"\d+(?:\.0*)?", text) for text in values)


def _refuse_one_sample(layout: Layout, titles: Sequence[str]) -> None:
    seen = {*titles, layout.corner.lower()}
    if layout.corner == "Status" and [row[0] for row in layout.first_rows[:1]] == ["Assigned"]:
        raise InputError(
            "is featureCounts' summary of reads, not its counts; pass the file beside it whose "
            "name lacks .summary"
        )
    for tool, wanted in _OF_ONE_SAMPLE:
        if wanted <= seen:
            raise InputError(
                f"is {tool}'s result for one sample, with columns such as {layout.columns[-1]!r}; "
                "pass counts of cells × genes (for single cells: kb count, or salmon alevin)"
            )


def _refuse_long(layout: Layout, rows: Sequence[Sequence[str]]) -> None:
    """Refuse a line for each count: gene, cell, count."""
    if len(layout.columns) != 2:
        return
    first = [row[0] for row in rows]
    if len(rows) > 2 and len(set(first)) < len(first):
        gene, cell, count = layout.corner or "gene", *layout.columns
        raise InputError(
            f"has a line for each count ({', '.join(rows[0])}), not a column for each cell; in "
            f"Python: pandas.read_csv(FILE, sep={layout.separator!r}).pivot_table(index={gene!r}, "
            f"columns={cell!r}, values={count!r}, aggfunc='sum', fill_value=0).to_csv('x.csv')"
        )


def _refusal(layout: Layout, texts: Sequence[int], rows: Sequence[Sequence[str]]) -> InputError:
    names = [layout.columns[place - 1] for place in texts]
    if is_measure(names[0]):
        return InputError(
            f"holds measures of cells ({', '.join(names[:3])}), no counts; pass it with --obs, "
            "beside the counts"
        )
    shown = ", ".join(map(repr, names[:5])) + (", …" if len(names) > 5 else "")
    row = rows[0] if rows else ["", *layout.columns]
    many = "columns" if len(names) > 1 else "column"
    hold = "hold" if len(names) > 1 else "holds"
    return InputError(
        f"{many} {shown} {hold} {row[texts[0]][:40]!r} in row {row[0][:40]!r}, which is not "
        f"a number; {how_to_mend(row[texts[0]])}"
    )
