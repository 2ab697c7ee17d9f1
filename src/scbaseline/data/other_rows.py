"""Turns the types and names of rows into what each row is, where it is not a gene."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline.data.identifiers import is_id, texts
from scbaseline.data.letters import Letters, letters_of

GENE_EXPRESSION = "Gene Expression"
"""The feature type of genes."""

KNOWN_TYPES = frozenset({
    GENE_EXPRESSION, "Antibody Capture", "Antigen Capture", "CRISPR Guide Capture", "Custom",
    "Multiplexing Capture", "Peaks",
})  # fmt: skip
"""The feature types of 10x Genomics; where a column holds none of them, it says nothing."""

_TYPE_COLUMNS = ("feature_types", "feature_type", "type", "modality")


class Kind(NamedTuple):
    """One kind of rows that are not genes, known by their names.

    Attributes
    ----------
    title
        What they are.
    hints
        Texts in small letters, one of which each such name holds: to look for these among all
        names at once is far quicker than to look at each name.
    names
        What they are called.
    ask_all
        Whether names of antibodies around ``prot`` are, too: see :func:`_around_prot`.
    """

    title: str
    hints: tuple[str, ...]
    names: re.Pattern[str]
    ask_all: bool = False

    def rows(self, names: Sequence[str], letters: Letters) -> list[int]:
        """Return the numbers of the rows that are of this kind."""
        may_be = {row for hint in self.hints for row in letters.holding(hint, small=True)}
        rows = {row for row in may_be if self.names.search(names[row])}
        return sorted(rows | _around_prot(names, may_be) if self.ask_all else rows)


_PROT = re.compile(
    r"(?ai)^(?P<before>prot(?:ein)?[-_])?(?P<name>.+?)(?P<behind>[-_]prot(?:ein)?)?$"
)
_ANTIBODY = re.compile(r"(?ai)CD\d|HLA|Ig[ADEGM]|TCR|PD-?L?1|TIGIT")


def _around_prot(names: Sequence[str], rows: Iterable[int]) -> set[int]:
    """Return the rows called as antibodies are, ``CD4_protein``, and not ``N_protein``.

    Where at least half of those with the same letters around them are known for antibodies,
    the others are such, too.
    """
    by_letters: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        match = _PROT.match(names[row])
        if match and (match["before"] or match["behind"]) and match["name"].lower() != "coding":
            letters = ((match["before"] or "").lower(), (match["behind"] or "").lower())
            by_letters.setdefault(letters, []).append(row)
    antibodies: set[int] = set()
    for (before, behind), alike in by_letters.items():
        bare = {row: names[row][len(before) : len(names[row]) - len(behind)] for row in alike}
        certain = {row for row, name in bare.items() if _ANTIBODY.match(name)}
        antibodies |= set(alike) if 2 * len(certain) >= len(alike) else certain
    return antibodies


_MEASURES = re.compile(
    r"(?ai)^(?:n(?:Count|Feature)_\w+|nUMIs?|nGenes?|n_(?:counts|genes|umis?)"
    r"|n_genes_by_counts|(?:log1p_)?total_(?:counts|umis?)\w*|pct_counts_\w+"
    r"|percent[._]?(?:mt|mito|ribo|rb|hb)|seurat_clusters|leiden|louvain"
    r"|\w+_snn_res\.[\d.]+|doublet_scores?"
    r"|(?:X_)?(?:UMAP|tSNE|PC)_\d+|grand[ _]totals?|(?:totals?|sums?)[ _](?:counts?|reads|umis?))$"
)

_COORDINATES = re.compile(r"(?ai)^(?:X_)?(?:UMAP|tSNE|PC)_\d+$")

# Each is certain by the name alone: no gene of any species is called so.
KINDS: tuple[Kind, ...] = (
    Kind(
        "reads that HTSeq or featureCounts gave to no gene",
        ("feature", "ambiguous", "aqual", "aligned", "unique", "__", "unassigned_"),
        re.compile(
            r"^(?:(?:X?__|--|\.\.)?(?:no[_-]feature|ambiguous|too[_-]low[_-]aQual"
            r"|not[_-]aligned|alignment[_-]not[_-]unique)|X?__[A-Za-z]\w*|Unassigned_\w+)$"
        ),
    ),
    Kind(
        "reads that STAR gave to no gene",
        ("unmapped", "multimapping", "nofeature", "ambiguous"),
        re.compile(r"^N[_.-](?:unmapped|multimapping|noFeature|ambiguous)$"),
    ),
    Kind(
        "reads that an aligner gave to nothing",
        ("*", "unmapped", "match", "unassigned", "total_reads"),
        re.compile(
            r"(?ai)^(?:\*|_{0,2}(?:unmapped|no[_-]match|unassigned)(?:[_ ]reads?)?|total_reads)$"
        ),
    ),
    Kind(
        "spike-ins",
        ("ercc", "sirv", "phi"),
        re.compile(
            r"(?ai)^(?:\w+?[_.:-]+)?(?:ERCC[-_.]?\d{5}|SIRV\d{1,5}|SIRVome\w*)(?:[ ._|(-].*)?$"
            r"|^phi-?x(?:[-_]?174)?$"
        ),
    ),
    Kind(
        "antibodies or hashtags, by their names",
        (
            "total", "hash", "hto", "cmo3", "multi", "adt", "ab_cd", "ab-cd", "antibody", "anti",
            "isotype", "prot", "cite", "abo", "sampletag", "igg",
        ),
        re.compile(
            r"(?ai)totalseq|[-_]total[abcd]$|hash-?tag|^HTO[-_. ]?\d|^HTO[-_.]\w|[-_]HTO$"
            r"|^CMO3\d\d$|^multi-?seq[-_. ]|(?-i:^ADT[-_.]|[-_]ADT$)"
            r"|^adt[-_.]CD\d|CD\d+\w?[-_.]adt$|^AB[-_]CD|^antibody[-_]"
            r"|^(?:[A-D]0\d{3}[-_. ])?anti[-_. ]?(?:human|mouse|rat|CD\d)|isotype"
            r"|^CITE[-_]|\|[ps]t?AbO$|SampleTag\d+"
            r"|^(?:\w+[-_. ])?IgG\d?[abc]?[-_. ](?:ctrl|control)"
        ),
        ask_all=True,
    ),
    Kind("guides of CRISPR", ("grna",), re.compile(r"(?ai)^s?gRNA[-_.]")),
    Kind(
        "measures of cells, not of genes",
        (
            "ncount_", "nfeature_", "numi", "ngene", "n_counts", "n_genes", "n_umi", "total",
            "pct_counts", "percent", "seurat_clusters", "leiden", "louvain", "snn_res", "doublet",
            "sum_", "sum ", "sums", "umap_", "tsne_", "pc_",
        ),
        _MEASURES,
    ),
    Kind(
        "antibodies or hashtags, by the sequences of their barcodes",
        tuple(f"{join}{base}" for join in "-_" for base in "acgt"),
        re.compile(r"\w[-_][ACGT]{10,}$"),
    ),
)  # fmt: skip


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
    letters = letters_of(names)
    for kind in KINDS:
        rows = [row for row in kind.rows(names, letters) if is_gene[row] and not is_id(ids[row])]
        if rows:
            is_gene[rows] = False
            shown = f"{names[rows[0]]}{', …' if len(rows) > 1 else ''}"
            by_name[f"{kind.title} ({shown})"] = len(rows)
    return is_gene, by_type, by_name


def is_measure(name: str) -> bool:
    """Whether a name is that of a measure of cells, such as ``nCount_RNA``, and no gene's."""
    return _MEASURES.match(name) is not None


def is_coordinate(name: str) -> bool:
    """Whether a name is that of a coordinate of cells, as ``PC_1``, or of a sample."""
    return _COORDINATES.match(name) is not None


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
