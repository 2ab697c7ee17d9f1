"""Says which names of a list are well-known genes of human or mouse, and of which species."""

import re
from collections.abc import Iterable

# In every cell type and tissue some of these are expressed, so whole and selected lists hold some.
_KNOWN = frozenset({
    "ACTB", "ACTG1", "B2M", "CD2", "CD3D", "CD3E", "CD4", "CD8A", "CD14", "CD19", "CD34",
    "CD74", "CD79A", "CST3", "EEF1A1", "EPCAM", "FCGR3A", "FTH1", "FTL", "GAPDH", "GNLY",
    "HBB", "HLA-DRA", "IL7R", "KRT18", "LYZ", "MALAT1", "MKI67", "MS4A1", "MT-CO1", "MT-ND1",
    "NKG7", "PECAM1", "PPBP", "PTPRC", "RPL3", "RPL13A", "RPLP0", "RPS6", "RPS18", "S100A8",
    "S100A9", "TMSB4X", "TOP2A", "VIM",
})  # fmt: skip
GENOMES = ("GRCh37", "GRCh38", "GRCm38", "GRCm39", "hg19", "hg38", "mm10", "mm39")
_PREFIXES = ("", *(f"{genome}{'_' * n}" for genome in GENOMES for n in (1, 3, 6)))
HUMAN = frozenset(prefix + name for prefix in _PREFIXES for name in _KNOWN)
"""Symbols of human genes, with and without the prefixes that references of two species have."""

MOUSE = frozenset(
    prefix + ("mt-" + name[3:].capitalize() if name.startswith("MT-") else name.capitalize())
    for prefix in _PREFIXES
    for name in _KNOWN
)
"""The same of mouse."""

KNOWN = HUMAN | MOUSE
"""Both."""

ENOUGH_KNOWN = 3
"""So many names of a list show that it is one of genes."""


_MARKS = re.compile(r"[\W_]+")
_CAPITALS = frozenset(map(str.upper, _KNOWN))


def resembles_known(name: str) -> bool:
    """Whether a part of a name is a well-known gene, in whatever case: as in ``rna_cd3d.1``."""
    return name.upper() in _CAPITALS or not _CAPITALS.isdisjoint(_MARKS.split(name.upper()))


def n_known(names: Iterable[str]) -> int:
    """Return how many different well-known genes a list names."""
    return len(KNOWN.intersection(names))
