"""Turns the types and names of rows into what each row is, where it is not a gene."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline.data.feature_types import types_of, which_are_genes, which_are_spike_ins
from scbaseline.data.identifiers import is_id
from scbaseline.data.letters import letters_of
from scbaseline.data.row_kinds import KINDS


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
