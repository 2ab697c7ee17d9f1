"""Turns the types and names of rows into what each row is, where it is not a gene."""

import re
from collections import Counter
from collections.abc import Sequence
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
    names
        What they are called, as a whole; or a part of it, where the pattern is any case.
    hints
        Texts in small letters, one of which each such name holds: to look for these is far
        quicker than to look at each name.
    """

    title: str
    names: re.Pattern[str]
    hints: tuple[str, ...]

    def rows(self, names: Sequence[str], letters: Letters) -> list[int]:
        """Return the numbers of the rows that are of this kind."""
        may_be = {row for hint in self.hints for row in letters.holding(hint, small=True)}
        in_part = self.names.flags & re.IGNORECASE
        is_named = self.names.search if in_part else self.names.fullmatch
        return [row for row in sorted(may_be) if is_named(names[row])]


# Each is certain by the name alone: no gene of any species is called so.
KINDS: tuple[Kind, ...] = (
    Kind(
        "reads that HTSeq or featureCounts gave to no gene",
        re.compile(
            r"(?:X?__|--|\.\.)?(?:no[_-]feature|ambiguous|too[_-]low[_-]aQual|not[_-]aligned|"
            r"alignment[_-]not[_-]unique)|X?__[A-Za-z]\w*|Unassigned_\w+"
        ),
        ("feature", "ambiguous", "too_", "too-", "aligned", "alignment", "__", "unassigned_"),
    ),
    Kind(
        "reads that STAR gave to no gene",
        re.compile(r"N[_-](?:unmapped|multimapping|noFeature|ambiguous)"),
        ("mapp", "feature", "ambiguous"),
    ),
    Kind(
        "reads that an aligner gave to nothing",
        re.compile(r"\*|unmapped|no_match|total_reads"),
        ("*", "mapp", "no_match", "total"),
    ),
    Kind(
        "spike-ins",
        re.compile(r"(?:\w+?[_-]+)?(?:ERCC[-_.]?\d{5}|SIRV\d{1,5})(?:[ ._|(-].*)?"),
        ("ercc", "sirv"),
    ),
    Kind(
        "antibodies or hashtags, by their names",
        re.compile(
            r"(?ai)totalseq|[-_]total[abcd]$|^hashtag|[-_]hashtag|^HTO[-_. ]?\d|^HTO[-_.]\w|"
            r"[-_]HTO$|^ADT[-_.]|[-_]ADT$|^AB[-_]CD|^antibody[-_]|^anti[-_](?:human|mouse|rat|CD)"
            r"|[-_]prot(?:ein)?$|^CITE[-_]|\|pAbO$|SampleTag\d+"
        ),
        ("total", "hashtag", "hto", "adt", "ab_cd", "ab-cd", "antibody", "anti_", "anti-", "prot",
         "cite", "pabo", "sampletag"),
    ),
    Kind(
        "measures of cells, not of genes",
        re.compile(
            r"n(?:Count|Feature)_\w+|n_counts|n_genes|n_genes_by_counts|total_counts|"
            r"pct_counts_mt|percent[._]mi?to?"
        ),
        ("count", "feature", "n_genes", "percent"),
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
