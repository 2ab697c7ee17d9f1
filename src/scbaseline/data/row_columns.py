"""Tells the columns of a table that hold counts from those that describe its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scbaseline.data.identifiers import is_row_number, mostly_ids
from scbaseline.data.known import ENOUGH_KNOWN, n_known
from scbaseline.data.layout import Layout
from scbaseline.data.names import looks_like_barcodes
from scbaseline.data.numerals import MISSING, is_number
from scbaseline.data.other_rows import is_measure
from scbaseline.data.table_faults import how_to_mend
from scbaseline.errors import InputError

# What programs call columns of text beside the genes of a table.
_OF_GENES = frozenset({
    "gene", "genes", "gene_id", "gene_ids", "geneid", "gene_name", "gene_names", "genename",
    "gene_symbol", "gene_symbols", "genesymbol", "symbol", "symbols", "hgnc_symbol", "hgnc",
    "mgi_symbol", "external_gene_name", "gene_short_name", "feature_name", "feature", "feature_id",
    "feature_type", "feature_types", "ensembl", "ensembl_id", "ensemblid", "ensembl_gene_id",
    "ensembl_gene", "gene_type", "gene_biotype", "biotype", "genetype", "description",
    "gene_description", "transcript_id_s", "chr", "chrom", "chromosome", "seqname",
    "seqnames", "strand",
})  # fmt: skip
# Those that hold numbers, and the ones of them that nothing else is called.
_NUMBERS_OF_GENES = frozenset({
    "chr", "chrom", "chromosome", "seqname", "seqnames", "start", "end", "stop", "strand",
    "width", "entrez", "entrezid", "entrez_id", "entrezgene", "entrezgene_id", "entrez_gene_id",
    "ncbi_gene_id", "exon_length", "transcript_length",
})  # fmt: skip
_LENGTHS = frozenset({"length", "gene_length", "genelength", "eff_length", "effective_length"})
_PLACES = frozenset({"chr", "chrom", "chromosome", "start", "end", "strand", "length"})

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

    Columns of text are told by their names and what they hold, and by whether genes stand in
    the rows or in the columns; a column of numbers by its name alone.

    Raises
    ------
    InputError
        It is the result for one sample, or a line for each count; or some columns hold text
        and it is not clear what they are.
    """
    titles = [re.sub(r"\W+", "_", title.strip().lower()).strip("_") for title in layout.columns]
    _refuse_one_sample(layout, titles)
    every = range(1, layout.n_fields)
    rows = [row for row in layout.first_rows if len(row) >= layout.n_fields]
    texts = [place for place in every if _holds_text(rows, place)]
    measures = [place for place in every if is_measure(layout.columns[place - 1])]
    numbers = [place for place in every if place not in {*texts, *measures}]
    _refuse_long(layout, rows)
    if not numbers:
        raise _refusal(layout, texts or measures, rows)
    about = _of_genes(layout, titles, rows, texts)
    if about is None:
        counted = [layout.columns[place - 1] for place in numbers]
        if texts and not (n_known(counted) >= ENOUGH_KNOWN or mostly_ids(counted)):
            raise _refusal(layout, texts, rows)
        about = texts
    about = sorted({*about, *measures})
    counts = tuple(place for place in every if place not in set(about))
    if not counts:
        raise _refusal(layout, about, rows)
    return RowColumns(counts, tuple(about), _names(rows, texts))


def _of_genes(
    layout: Layout, titles: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[int]
) -> list[int] | None:
    """Return the columns that describe genes, or ``None`` where rows may be cells."""
    numbers = set(range(1, layout.n_fields)) - set(texts)
    lengths = {place for place in numbers if titles[place - 1] in _LENGTHS}
    if len(_PLACES.intersection(titles)) < 3:
        firsts = [row[0] for row in rows]
        counted = [layout.columns[place - 1] for place in sorted(numbers - lengths)]
        beside = [[row[place] for row in rows] for place in texts]
        corner = re.sub(r"\W+", "_", layout.corner.strip("#").lower()).strip("_")
        are_genes = (
            corner in _OF_GENES
            or looks_like_barcodes(counted)
            or any(n_known(names) or mostly_ids(names) for names in [firsts, *beside] if names)
            or any(titles[place - 1] in _OF_GENES for place in texts)
        )
        are_cells = (rows and looks_like_barcodes(firsts)) or n_known(counted) >= ENOUGH_KNOWN
        if are_cells:
            return None
        if not are_genes:
            _refuse_unclear(layout, titles)
            return sorted(lengths) if lengths and not texts else None
    named = {place for place in numbers if titles[place - 1] in _NUMBERS_OF_GENES}
    return sorted({*texts, *lengths, *named})


def _refuse_unclear(layout: Layout, titles: Sequence[str]) -> None:
    unclear = [
        name
        for name, title in zip(layout.columns, titles, strict=True)
        if title in _NUMBERS_OF_GENES | _OF_GENES
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


def _holds_text(rows: Sequence[Sequence[str]], place: int) -> bool:
    values = [row[place] for row in rows if row[place].strip() not in MISSING]
    return bool(values) and not any(map(is_number, values))


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
