"""Turns the types and names of rows into what each row is, where it is not a gene."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline.data.feature_types import types_of, which_are_genes, which_are_spike_ins
from scbaseline.data.identifiers import is_id
from scbaseline.data.letters import Letters, letters_of


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
    """

    title: str
    hints: tuple[str, ...]
    names: re.Pattern[str]

    def rows(self, names: Sequence[str], letters: Letters) -> list[int]:
        """Return the numbers of the rows that are of this kind."""
        may_be = {row for hint in self.hints for row in letters.holding(hint, small=True)}
        return [row for row in sorted(may_be) if self.names.search(names[row])]


_MEASURES = re.compile(
    r"(?ai)^(?:n(?:Count|Feature)_\w+|nUMIs?|nGenes?|n_(?:counts|genes|umis?)"
    r"|n_genes_by_counts|(?:log1p_)?total_(?:counts|umis?)\w*|pct_counts_\w+"
    r"|percent[._]?(?:mt|mito|ribo|rb|hb)|seurat_clusters|leiden|louvain"
    r"|\w+_snn_res\.[\d.]+|doublet_scores?"
    r"|(?:X_)?(?:UMAP|tSNE|PC)_\d+|grand[ _]totals?|(?:totals?|sums?)[ _](?:counts?|reads|umis?))$"
)

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
            r"|^CMO3\d\d$|^multi-?seq[-_. ]|^ADT[-_.]|[-_]ADT$|^AB[-_]CD|^antibody[-_]"
            r"|^(?:[A-D]0\d{3}[-_. ])?anti[-_. ]?(?:human|mouse|rat|CD\d)|isotype"
            r"|[-_]prot(?:ein)?$|^prot(?:ein)?[-_](?!coding)|^CITE[-_]|\|[ps]t?AbO$|SampleTag\d+"
            r"|^(?:\w+[-_. ])?IgG\d?[abc]?[-_. ](?:ctrl|control)"
        ),
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
        Their columns, of which one may hold types of features. A row without a type
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
    if types := types_of(var):
        is_gene = which_are_genes(types)
        by_type = dict(sorted(Counter(np.array(types, dtype=object)[~is_gene]).items()))
    is_spike_in = which_are_spike_ins(var) & is_gene
    if is_spike_in.any():
        is_gene &= ~is_spike_in
        by_type["spike-ins"] = int(is_spike_in.sum())
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
