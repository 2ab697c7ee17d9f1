"""Turns the types and names of rows into what each row is, where it is not a gene."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline.data.identifiers import is_id, texts

GENE_EXPRESSION = "Gene Expression"
"""The feature type of genes."""

KNOWN_TYPES = frozenset({
    GENE_EXPRESSION, "Antibody Capture", "Antigen Capture", "CRISPR Guide Capture", "Custom",
    "Multiplexing Capture", "Peaks",
})  # fmt: skip
"""The feature types of 10x Genomics; where a column holds none of them, it says nothing."""

_TYPE_COLUMNS = ("feature_types", "feature_type", "type", "modality")


@dataclass(frozen=True)
class _Kind:
    """Rows of one kind: what they are, and the pattern of their names.

    ``marks`` are lower-case texts of which each such name has one: to look for them among all
    names at once is far quicker than the pattern name by name.
    """

    title: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


# Each is certain by the name alone: no gene of any species is called so.
_KINDS = (
    _Kind(
        "reads that HTSeq or featureCounts gave to no gene",
        ("feature", "ambiguous", "aqual", "aligned", "unique", "__", "unassigned_"),
        re.compile(
            r"^(?:(?:X?__|--|\.\.)?(?:no[_-]feature|ambiguous|too[_-]low[_-]aQual"
            r"|not[_-]aligned|alignment[_-]not[_-]unique)|X?__[A-Za-z]\w*|Unassigned_\w+)$"
        ),
    ),
    _Kind(
        "reads that STAR gave to no gene",
        ("unmapped", "multimapping", "nofeature", "ambiguous"),
        re.compile(r"^N[_.-](?:unmapped|multimapping|noFeature|ambiguous)$"),
    ),
    _Kind(
        "reads that an aligner gave to nothing",
        ("*", "unmapped", "match", "unassigned", "total_reads"),
        re.compile(
            r"(?i)^(?:\*|_{0,2}(?:unmapped|no[_-]match|unassigned)(?:[_ ]reads?)?|total_reads)$"
        ),
    ),
    _Kind(
        "spike-ins",
        ("ercc", "sirv", "phi"),
        re.compile(
            r"(?i)^(?:\w+?[_.-]+)?(?:ERCC[-_.]?\d{5}|SIRV\d{1,5}|SIRVome\w*)(?:[ ._|(-].*)?$"
            r"|^phi-?x(?:[-_]?174)?$"
        ),
    ),
    _Kind(
        "antibodies or hashtags, by their names",
        (
            "total", "hash", "hto", "cmo3", "multi", "adt", "ab_cd", "ab-cd", "antibody", "anti",
            "isotype", "prot", "cite", "abo", "sampletag", "igg",
        ),
        re.compile(
            r"(?i)totalseq|[-_]total[abcd]$|hash-?tag|^HTO[-_. ]?\d|^HTO[-_.]\w|[-_]HTO$"
            r"|^CMO3\d\d$|^multi-?seq[-_. ]|^ADT[-_.]|[-_]ADT$|^AB[-_]CD|^antibody[-_]"
            r"|^(?:[A-D]0\d{3}[-_. ])?anti[-_. ]?(?:human|mouse|rat|CD\d)|isotype"
            r"|[-_]prot(?:ein)?$|^prot(?:ein)?[-_](?!coding)|^CITE[-_]|\|[ps]t?AbO$|SampleTag\d+"
            r"|^(?:\w+[-_. ])?IgG\d?[abc]?[-_. ](?:ctrl|control)"
        ),
    ),
    _Kind("guides of CRISPR", ("grna",), re.compile(r"(?i)^s?gRNA[-_.]")),
    _Kind(
        "measures of cells, not of genes",
        (
            "ncount_", "nfeature_", "numi", "ngene", "n_counts", "n_genes", "n_umi", "total",
            "pct_counts", "percent", "seurat_clusters", "leiden", "louvain", "snn_res", "doublet",
            "sum_", "sum ", "sums",
        ),
        re.compile(
            r"(?i)^(?:n(?:Count|Feature)_\w+|nUMIs?|nGenes?|n_(?:counts|genes|umis?)"
            r"|n_genes_by_counts|(?:log1p_)?total_(?:counts|umis?)\w*|pct_counts_\w+"
            r"|percent[._]?(?:mt|mito|ribo|rb|hb)|seurat_clusters|leiden|louvain"
            r"|\w+_snn_res\.[\d.]+|doublet_scores?"
            r"|grand[ _]totals?|(?:totals?|sums?)[ _](?:counts?|reads|umis?))$"
        ),
    ),
)  # fmt: skip
_TAGGED = re.compile(r"\w[-_][ACGT]{10,}$", re.MULTILINE)
_TAGS = _Kind("antibodies or hashtags, by the sequences of their barcodes", (), _TAGGED)


def kinds_of_rows(
    names: Sequence[str], ids: Sequence[str], var: pd.DataFrame
) -> tuple[npt.NDArray[np.bool_], dict[str, int], dict[str, int]]:
    """Say which rows are genes, and what the others are.

    Parameters
    ----------
    names, ids
        What the rows are called, and their ids. What has the id of a gene is one, whatever
        its name looks like.
    var
        Their columns, of which one may hold the types of 10x Genomics. A row without a type
        is a gene, unless its name says otherwise.

    Returns
    -------
    is_gene
        Rows that are genes.
    by_type, by_name
        What the others are, and how many: by their types, and by their names. A sentence on
        those told by name holds the first of them.
    """
    is_gene = np.ones(len(names), dtype=bool)
    by_type: dict[str, int] = {}
    if types := _types(var):
        is_gene = _genes_by_type(types)
        by_type = dict(sorted(Counter(np.array(types, dtype=object)[~is_gene]).items()))
    by_name: dict[str, int] = {}
    lines = "\n".join(names)
    lowered = lines.lower()
    for kind in (*_KINDS, _TAGS):
        rows = [
            row
            for row in _candidates(kind, lines, lowered, len(names))
            if is_gene[row] and kind.pattern.search(names[row]) and not is_id(ids[row])
        ]
        if rows:
            is_gene[rows] = False
            shown = f"{names[rows[0]]}{', …' if len(rows) > 1 else ''}"
            by_name[f"{kind.title} ({shown})"] = len(rows)
    return is_gene, by_type, by_name


def _candidates(kind: _Kind, lines: str, lowered: str, n: int) -> Sequence[int]:
    """Return the rows that may be of a kind, of all names, one a line."""
    if lowered.count("\n") != n - 1:  # a name holds a line break
        return range(n)
    if not kind.marks:
        return sorted(
            {lines.count("\n", 0, match.start()) for match in kind.pattern.finditer(lines)}
        )
    return sorted({row for mark in kind.marks for row in _rows_with(mark, lowered)})


def _rows_with(mark: str, lines: str) -> Iterator[int]:
    row = last = 0
    at = lines.find(mark)
    while at >= 0:
        row += lines.count("\n", last, at)
        last = at
        yield row
        at = lines.find(mark, at + 1)


def _types(var: pd.DataFrame) -> list[str]:
    """Return each row's feature type, or nothing where no column holds any that is known."""
    for column in var.columns:
        name = str(column).lower().partition("-")[0]  # AnnData's concatenate adds -0
        if name in _TYPE_COLUMNS:
            types = texts(var[column])
            is_named_so = name.startswith("feature")  # "Custom" elsewhere may be anything
            if GENE_EXPRESSION in types or (is_named_so and KNOWN_TYPES.intersection(types)):
                return types
    return []


def _genes_by_type(types: Sequence[str]) -> npt.NDArray[np.bool_]:
    if GENE_EXPRESSION in types:
        return np.array([kind in (GENE_EXPRESSION, "") for kind in types], dtype=bool)
    return np.array([kind not in KNOWN_TYPES for kind in types], dtype=bool)
