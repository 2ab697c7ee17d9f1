"""Turns the names of rows and columns into what they tell: of which kind, of which species."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline import keys
from scbaseline.data.genes import ENSEMBL_ID

GENE_EXPRESSION = "Gene Expression"
"""The feature type of genes; others are antibodies, guides, peaks."""

# In every cell type and tissue some of these are expressed, so whole and selected lists hold some.
_KNOWN = frozenset({
    "ACTB", "ACTG1", "B2M", "CD2", "CD3D", "CD3E", "CD4", "CD8A", "CD14", "CD19", "CD34",
    "CD74", "CD79A", "CST3", "EEF1A1", "EPCAM", "FCGR3A", "FTH1", "FTL", "GAPDH", "GNLY",
    "HBB", "HLA-DRA", "IL7R", "KRT18", "LYZ", "MALAT1", "MKI67", "MS4A1", "MT-CO1", "MT-ND1",
    "NKG7", "PECAM1", "PPBP", "PTPRC", "RPL3", "RPL13A", "RPLP0", "RPS6", "RPS18", "S100A8",
    "S100A9", "TMSB4X", "TOP2A", "VIM",
})  # fmt: skip
_GENOMES = ("GRCh37", "GRCh38", "GRCm38", "GRCm39", "hg19", "hg38", "mm10", "mm39")
_PREFIXES = ("", *(f"{genome}{'_' * n}" for genome in _GENOMES for n in (1, 3, 6)))
_HUMAN = frozenset(prefix + name for prefix in _PREFIXES for name in _KNOWN)
_MOUSE = frozenset(
    prefix + ("mt-" + name[3:].capitalize() if name.startswith("MT-") else name.capitalize())
    for prefix in _PREFIXES
    for name in _KNOWN
)
_BARCODE = re.compile(r"(?:^|[_#:-])[ACGT]{8,}(?:$|[^A-Za-z])")
_ANTIBODY = re.compile(
    r"(?im)totalseq|_total[abcd]$|^hashtag|[-_]hashtag|^HTO[-_]?\w|^ADT[-_]|^AB[-_]CD|^antibody[-_]"
)
_DOTTED = re.compile(r"^(?:HLA|MT|mt|H2)\.[A-Z]", re.IGNORECASE)
_DASHED = re.compile(_DOTTED.pattern.replace(r"\.", "-"), re.IGNORECASE)
_ANY_ENSEMBL = re.compile(rf"(?:^|_){ENSEMBL_ID.pattern}$")
_ENOUGH_KNOWN = 3
_SAMPLE = 2000  # names that tell which way round a matrix lies
_ACCESSION = re.compile(r"[A-Z]{1,2}\d{4,8}\.\d+")
_CLONE = re.compile(r".+\.[A-Z]*\d+\w*\.\d+", re.ASCII)

Species = Literal["", "human", "mouse", "human and mouse", "another species"]


@dataclass(frozen=True)
class Names:
    """What the names of genes and cells tell.

    Attributes
    ----------
    kind
        What genes are named by; ``""`` where their names are none that are known.
    n_versioned
        Ensembl ids with a version, among names and ``var["gene_ids"]``.
    n_dotted
        Symbols with a dot for a dash, as R makes them.
    n_duplicates
        Genes of a name that an earlier gene has.
    other_features
        Rows that are not genes, by type.
    transposed
        Whether rows are named like genes, and columns are not.
    first_cell, first_gene
        Examples.
    duplicate_cell
        The first name that two cells have, or ``""``.
    """

    kind: Literal["", "symbols", "Ensembl ids", "symbols and Ensembl ids"]
    species: Species
    n_versioned: int
    n_dotted: int
    n_duplicates: int
    other_features: dict[str, int]
    transposed: bool
    first_cell: str
    first_gene: str
    duplicate_cell: str


def examine_names(obs_names: pd.Index, var: pd.DataFrame) -> Names:
    """Look at every name.

    Parameters
    ----------
    obs_names
        The names of cells.
    var
        Named by genes, with their ids and feature types where known.
    """
    genes = [str(name) for name in var.index]
    cells = [str(name) for name in obs_names]
    ids = _texts(var[keys.GENE_IDS]) if keys.GENE_IDS in var else []
    n_ensembl = _n_matching(ENSEMBL_ID, genes)
    kind: Literal["", "symbols", "Ensembl ids", "symbols and Ensembl ids"] = ""
    if n_ensembl > 0.95 * len(genes):
        kind = "Ensembl ids" if genes else ""
    elif n_ensembl > 0.05 * len(genes):
        kind = "symbols and Ensembl ids"
    elif ids or _known(genes):
        kind = "symbols"
    repeated = obs_names.duplicated()
    return Names(
        kind=kind,
        species=_species([*genes, *ids]),
        n_versioned=sum("." in name and bool(ENSEMBL_ID.fullmatch(name)) for name in genes + ids),
        n_dotted=_n_dotted(genes),
        n_duplicates=int(var.index.duplicated().sum()),
        other_features=_other_features(genes, var),
        transposed=_transposed(cells, genes),
        first_cell=next(iter(cells), ""),
        first_gene=next(iter(genes), ""),
        duplicate_cell=str(obs_names[repeated][0]) if repeated.any() else "",
    )


def with_dashes(names: Sequence[str]) -> list[str]:
    """Return symbols with the dashes that R turned into dots: ``HLA.DRA`` is ``HLA-DRA``.

    Only where the list as a whole shows that R made it: ``HLA.`` or ``MT.`` is in it, and
    ``HLA-`` and ``MT-`` are not. The dots of Ensembl ids, of accessions (``AC002321.1``) and
    before the last number of a clone's name (``RP11-34P13.7``) are their own.
    """
    if not _n_dotted(names):
        return list(names)
    return [_mended(name) for name in names]


def _mended(name: str) -> str:
    if ENSEMBL_ID.fullmatch(name) or _ACCESSION.fullmatch(name):
        return name
    if _CLONE.fullmatch(name):
        head, _, last = name.rpartition(".")
        return f"{head.replace('.', '-')}.{last}"
    return name.replace(".", "-")


def _n_dotted(names: Sequence[str]) -> int:
    if not any(map(_DOTTED.match, names)) or any(map(_DASHED.match, names)):
        return 0
    return sum(_mended(name) != name for name in names)


def _n_matching(pattern: re.Pattern[str], names: Sequence[str]) -> int:
    return sum(pattern.fullmatch(name) is not None for name in names)


def _known(names: Sequence[str]) -> int:
    return len((_HUMAN | _MOUSE).intersection(names))


def _species(names: Sequence[str]) -> Species:
    ensembl = [name for name in names if "ENS" in name and _ANY_ENSEMBL.search(name)]
    n_human = sum("ENSG0" in name for name in ensembl)
    n_mouse = sum("ENSMUSG0" in name for name in ensembl)
    if len(ensembl) > 2 * (n_human + n_mouse):
        return "another species"
    n_human += len(_HUMAN.intersection(names))
    n_mouse += len(_MOUSE.intersection(names))
    if n_human == n_mouse == 0:
        return ""
    if min(n_human, n_mouse) > 0.05 * max(n_human, n_mouse):
        return "human and mouse"
    return "human" if n_human > n_mouse else "mouse"


def _transposed(cells: Sequence[str], genes: Sequence[str]) -> bool:
    if not cells or not genes:
        return False
    like_genes = [
        _known(names) >= _ENOUGH_KNOWN
        or _n_matching(ENSEMBL_ID, names[:_SAMPLE]) > len(names[:_SAMPLE]) / 2
        for names in (cells, genes)
    ]
    like_cells = [
        sum(map(bool, map(_BARCODE.search, names[:_SAMPLE]))) > len(names[:_SAMPLE]) / 2
        for names in (cells, genes)
    ]
    return (like_genes[0] and not like_genes[1]) or (like_cells[1] and not like_cells[0])


def _other_features(genes: Sequence[str], var: pd.DataFrame) -> dict[str, int]:
    if keys.FEATURE_TYPES in var:
        types = Counter(_texts(var[keys.FEATURE_TYPES]))
        if types.pop(GENE_EXPRESSION, 0):
            return dict(sorted(types.items()))
    if not _ANTIBODY.search("\n".join(genes)):  # far quicker than name by name
        return {}
    n_antibodies = sum(_ANTIBODY.search(name) is not None for name in genes)
    return {"antibodies or hashtags, by their names": n_antibodies} if n_antibodies else {}


def gene_mask(var: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which features are genes by their type; all, where no type says so."""
    if keys.FEATURE_TYPES not in var:
        return np.ones(len(var), dtype=bool)
    is_gene: npt.NDArray[np.bool_] = (var[keys.FEATURE_TYPES] == GENE_EXPRESSION).to_numpy(bool)
    # The column may hold something else under the same name.
    return is_gene if is_gene.any() else np.ones(len(var), dtype=bool)


def _texts(column: "pd.Series") -> list[str]:
    texts: list[str] = column.astype(object).where(column.notna(), "").astype(str).tolist()
    return texts
