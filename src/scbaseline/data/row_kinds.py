"""The kinds of rows that are not genes, each with the names by which it is known.

A name must be certain by itself: no gene of any species is called so. Tools write the same name
with other marks in between (``CD3|pAbO``, ``CD3.pAbO`` in R, ``CD3-pAbO`` in Seurat), and joined
tables with a number behind.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scbaseline.data.letters import Letters

_BETWEEN = r"[-_.:| ]"  # marks between the parts of a name
_COPY = r"(?:[-_.]\d+)?"  # behind the second of two rows of one name
_TARGET = r"(?:CD\d|HLA|Ig[ADEGM]|TCR|PD-?L?1|CTLA|TIGIT|EPCAM|NKG2|CX?CR\d)"  # of antibodies
_TAG = r"(?:adt|ab|antibody|prot|protein|cite|tot[abcd]|total[abcd])"  # beside such a target


class Kind(NamedTuple):
    """One kind of rows that are not genes, known by their names.

    Attributes
    ----------
    title
        What they are.
    begins, hints
        In small letters: how such a name begins, by one or two letters, or what it holds; each
        does one or the other. To look for these among all names at once is far quicker than to
        look at each name, and the beginnings are found soonest.
    names
        What they are called.
    """

    title: str
    begins: tuple[str, ...]
    hints: tuple[str, ...]
    names: re.Pattern[str]

    def rows(self, names: Sequence[str], letters: Letters) -> list[int]:
        """Return the numbers of the rows that are of this kind."""
        may_be = letters.beginning_small(self.begins)
        for hint in self.hints:
            may_be[letters.holding(hint, small=True)] = True
        rows = np.flatnonzero(may_be).tolist()
        return [row for row in rows if self.names.search(names[row])]


def _any(*patterns: str, copies: bool = False) -> re.Pattern[str]:
    """Join patterns of whole names, in small or capital ASCII letters."""
    return re.compile(rf"(?ai)^(?:{'|'.join(patterns)}){_COPY if copies else ''}$")


_COORDINATES = _any(r"(?:X_)?(?:UMAP|tSNE|PC)_\d+")
_MEASURES = _any(
    r"n(?:Count|Feature)_\w+", "nUMIs?", "nGenes?", r"n_(?:counts|genes|umis?)",
    "n_genes_by_counts", r"(?:log1p_)?total_(?:counts|umis?)\w*", r"pct_counts_\w+",
    r"(?:percent|pct)[._]?(?:mt|mito|ribo|rb|hb)", "seurat_clusters", "leiden", "louvain",
    r"\w+_snn_res\.[\d.]+", "doublet_scores?", r"(?:S|G2M)\.score", r"orig\.ident",
    r"grand[ _]totals?", r"(?:totals?|sums?)[ _](?:counts?|reads|umis?)",
    r"(?:X_)?(?:UMAP|tSNE|PC)_\d+",
)  # fmt: skip

KINDS: tuple[Kind, ...] = (
    Kind(
        "reads that HTSeq or featureCounts gave to no gene",
        ("no", "am", "to", "al", "un", "_", "x_", "--", ".."),
        (),
        re.compile(
            r"^(?:(?:X?_{1,2}|--|\.\.)?(?:no[_-]feature|ambiguous|too[_-]low[_-]aQual|not[_-]aligned"
            rf"|alignment[_-]not[_-]unique)|X?__[A-Za-z]\w*|Unassigned_\w+){_COPY}$"
        ),
    ),
    Kind(
        "reads that STAR gave to no gene",
        ("n_", "n.", "n-", "no", "nn", "nu", "nm", "na"),
        (),
        re.compile(
            r"^(?:N[_.-](?:unmapped|multimapping|multimapped|noFeature|ambiguous)"
            rf"|n?noFeature|no?(?:Unmapped|NoFeature|Multimapp(?:ing|ed)|Ambiguous)){_COPY}$"
        ),
    ),
    Kind(
        "reads that an aligner gave to nothing",
        ("*", "_", "un", "no", "to"),
        (),
        _any(r"\*", r"_{0,2}(?:unmapped|no[_-]match|unassigned)(?:[_ ]reads?)?", "total_reads"),
    ),
    Kind(
        "spike-ins",
        ("ph",),
        ("ercc", "sirv", "spike"),
        _any(
            r"(?:\w+?[_.:-]+|g)?(?:ERCC[-_.:]{0,2}\d{5}|SIRV[-_]?\d{1,5}|SIRVome\w*)"
            r"(?:[ ._|(/-].*)?",
            rf"(?:g?spike-?in{_BETWEEN})?phi-?x(?:[-_]?174)?(?:[-_]spike\w*)?",
            rf"RNA{_BETWEEN}spike(?:-?in)?(?:{_BETWEEN}\d+)?",
        ),
    ),
    Kind(
        "antibodies or hashtags, by their names",
        ("cm", "mu"),
        ("tot", "hash", "hto", "adt", "ab", "anti", "isotype", "prot", "cite", "tag", "igg"),
        _any(
            r".*totalseq.*", r".*hash-?tag.*", rf"hash{_BETWEEN}\d+",
            rf".*{_BETWEEN}total[abcd]", rf"CMO{_BETWEEN}?3\d\d",
            rf"HTO{_BETWEEN}?\d.*", rf"HTO{_BETWEEN}\w+", rf".+{_BETWEEN}HTO",
            rf"multi(?:-?seq)?{_BETWEEN}.+", rf"(?-i:ADT){_BETWEEN}.+", rf".+{_BETWEEN}(?-i:ADT)",
            rf"{_TAG}{_BETWEEN}{_TARGET}.*", rf"{_TARGET}[^ ]*{_BETWEEN}{_TAG}",
            rf"antibody{_BETWEEN}.+", rf"CITE{_BETWEEN}.+",
            rf"(?:[A-D]0\d{{3}}{_BETWEEN})?anti{_BETWEEN}?(?:human|mouse|rat|CD\d).*",
            rf"anti{_BETWEEN}(?:{_TARGET}|PE|APC|FITC|biotin).*",
            rf".+{_BETWEEN}[ps]t?AbO", rf".*Sample{_BETWEEN}?Tag{_BETWEEN}?\d+.*",
            r".*isotype(?:[-_. ].*)?",
            rf"(?:mouse|rat|hamster|goat|rabbit|human){_BETWEEN}?IgG\d?[abc]?(?:{_BETWEEN}.*)?",
            rf"IgG\d[abc]?{_BETWEEN}(?:ctrl|control|K|kappa|lambda)",
        ),
    ),
    Kind(
        "antibodies or hashtags, by the sequences of their barcodes",
        (),
        tuple(f"{mark}{base}" for mark in "-_." for base in "acgt"),
        re.compile(r"\w[-_.][ACGT]{10,}$"),
    ),
    Kind(
        "guides of CRISPR",
        ("gr", "sg", "no"),
        (),
        re.compile(
            r"^(?ai:s?gRNA[-_.].+)$|^sg[A-Z][A-Z0-9]+[-_.]g?\d+$"
            r"|^(?ai:non[-_.]?targeting(?:[-_. ]?(?:ctrl|control|sgRNA))?(?:[-_. ]?\d+)?)$"
        ),
    ),
    Kind(
        "measures of cells, not of genes",
        (
            "nc", "nf", "nu", "ng", "n_", "lo", "to", "pc", "pe", "se", "le", "do", "s.", "g2",
            "or", "gr", "su", "um", "ts", "x_",
        ),
        ("snn_res",),
        _MEASURES,
    ),
)  # fmt: skip
"""Each is looked for among the rows that the kinds before it have not taken."""


def is_measure(name: str) -> bool:
    """Whether a name is that of a measure of cells, such as ``nCount_RNA``, and no gene's."""
    return _MEASURES.match(name) is not None


def is_coordinate(name: str) -> bool:
    """Whether a name is that of a coordinate of cells, as ``PC_1``, or of a sample."""
    return _COORDINATES.match(name) is not None
