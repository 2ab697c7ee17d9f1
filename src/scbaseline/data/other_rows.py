"""Turns the types and names of rows into what each row is, where it is not a gene."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline.data.identifiers import is_id, texts
from scbaseline.data.letters import letters_of
from scbaseline.data.row_kinds import KINDS

GENE_EXPRESSION = "Gene Expression"
"""The feature type of genes."""

KNOWN_TYPES = frozenset({
    GENE_EXPRESSION, "Antibody Capture", "Antigen Capture", "CRISPR Guide Capture", "Custom",
    "Multiplexing Capture", "Peaks",
})  # fmt: skip
"""The feature types of 10x Genomics; where a column holds none of them, it says nothing."""

_TYPE_COLUMNS = ("feature_types", "feature_type", "type", "modality")


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
