"""Turns the names of rows and columns into what they tell: which way round, of which species."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.data.identifiers import ENSEMBL_ID, texts, which_are_ensembl
from scbaseline.data.known import ENOUGH_KNOWN, HUMAN, KNOWN, MOUSE, n_known
from scbaseline.data.letters import letters_of
from scbaseline.data.naming import Naming, name_genes
from scbaseline.data.stripped import with_genome

_BARCODE = re.compile(r"(?:^|[_#:-])[ACGT]{8,}(?:$|[^A-Za-z])")
_ANY_ENSEMBL = re.compile(rf"(?:^|_){ENSEMBL_ID.pattern}$")
_SAMPLE = 2000  # names that tell which way round a matrix lies

Species = Literal["", "human", "mouse", "human and mouse", "another species"]


@dataclass(frozen=True)
class Names:
    """What the names of genes and cells tell.

    Attributes
    ----------
    naming
        What each gene is called, and which rows are genes.
    n_versioned
        Ensembl ids with a version, among names and ids.
    n_prefixed, first_prefixed
        Genes whose names begin with that of a genome, as ``GRCh38_CD3D``; and the first.
    transposed
        Whether rows are named like genes, and columns are not.
    first_cell, first_gene
        Examples.
    n_duplicate_cells, duplicate_cell
        Cells of a name that an earlier cell has, and the first such name, or ``""``.
    """

    naming: Naming
    species: Species
    n_versioned: int
    n_prefixed: int
    first_prefixed: str
    transposed: bool
    first_cell: str
    first_gene: str
    n_duplicate_cells: int
    duplicate_cell: str


def examine_names(obs_names: pd.Index, var: pd.DataFrame) -> Names:
    """Look at every name.

    Parameters
    ----------
    obs_names
        The names of cells.
    var
        The rows of a file that are to be genes, with their columns.
    """
    naming = name_genes(var)
    rows = texts(var.index)
    genes: list[str] = naming.var.index.tolist()
    cells = list(map(str, obs_names.tolist()))
    ids = texts(naming.var[keys.GENE_IDS]) if keys.GENE_IDS in naming.var else []
    repeated = np.zeros(0, dtype=bool) if obs_names.is_unique else obs_names.duplicated()
    prefixed = with_genome(genes)
    return Names(
        naming=naming,
        species=_species(genes, ids),
        n_versioned=len(_versioned(rows) | _versioned(ids)),
        n_prefixed=len(prefixed),
        first_prefixed=next(iter(prefixed), ""),
        transposed=_transposed(cells, rows),
        first_cell=next(iter(cells), ""),
        first_gene=next(iter(rows), ""),
        n_duplicate_cells=int(repeated.sum()),
        duplicate_cell=str(obs_names[repeated][0]) if repeated.any() else "",
    )


def looks_like_barcodes(names: Sequence[str]) -> bool:
    """Whether more than half of some texts hold a barcode."""
    some = names[:_SAMPLE]
    return sum(map(bool, map(_BARCODE.search, some))) > len(some) / 2


def _n_matching(pattern: re.Pattern[str], names: Sequence[str]) -> int:
    return sum(pattern.fullmatch(name) is not None for name in names)


def _versioned(names: Sequence[str]) -> set[str]:
    """Return the ids of Ensembl with a version."""
    not_plain = which_are_ensembl(names) & ~letters_of(names).is_plain_id
    return {names[row] for row in np.flatnonzero(not_plain).tolist() if "." in names[row]}


def _species(genes: Sequence[str], ids: Sequence[str]) -> Species:
    n_ensembl, n_human, n_mouse = np.add(_n_ensembl(genes), _n_ensembl(ids))
    if n_ensembl > 2 * (n_human + n_mouse):
        return "another species"
    of_both = KNOWN.intersection(genes) | KNOWN.intersection(ids)
    n_human += len(HUMAN & of_both)
    n_mouse += len(MOUSE & of_both)
    if n_human == n_mouse == 0:
        return ""
    if min(n_human, n_mouse) > 0.05 * max(n_human, n_mouse):
        return "human and mouse"
    return "human" if n_human > n_mouse else "mouse"


def _n_ensembl(names: Sequence[str]) -> tuple[int, int, int]:
    """Return how many names are or end in an id of Ensembl, of man, and of the mouse."""
    letters = letters_of(names)
    is_ensembl = letters.is_plain_id.copy()
    may_be = letters.holding("ENS")
    for row in may_be[~is_ensembl[may_be]].tolist():
        is_ensembl[row] = _ANY_ENSEMBL.search(names[row]) is not None
    of_man, of_mouse = letters.holding("ENSG0"), letters.holding("ENSMUSG0")
    return int(is_ensembl.sum()), int(is_ensembl[of_man].sum()), int(is_ensembl[of_mouse].sum())


def _transposed(cells: Sequence[str], genes: Sequence[str]) -> bool:
    if not cells or not genes:
        return False
    like_genes = [
        n_known(names) >= ENOUGH_KNOWN
        or _n_matching(ENSEMBL_ID, names[:_SAMPLE]) > len(names[:_SAMPLE]) / 2
        for names in (cells, genes)
    ]
    like_cells = [looks_like_barcodes(names) for names in (cells, genes)]
    return (like_genes[0] and not like_genes[1]) or (like_cells[1] and not like_cells[0])
