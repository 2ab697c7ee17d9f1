"""Names tell which way round a matrix lies, and of what its genes are."""

from pathlib import Path

import pandas as pd
import pytest

from scbaseline.data.dashes import with_dashes
from scbaseline.data.names import Names, examine_names
from scbaseline.data.read import read_counts

SYMBOLS = ["LYZ", "CD3D", "MS4A1", "HLA-DRA", "MT-CO1", "B2M"]
IDS = [f"ENSG{i:011d}" for i in range(6)]
CELLS = ["AAACATACAACCAC-1", "AAACATTGAGCTAC-1", "AAACATTGATCAGC-1"]


def _names(genes: list[str], cells: list[str] = CELLS, **var: object) -> Names:
    return examine_names(pd.Index(cells), pd.DataFrame(var, index=genes))


@pytest.mark.parametrize(
    ("genes", "kind", "species"),
    [
        (SYMBOLS, "symbols", "human"),
        (["Lyz", "Cd3d", "mt-Co1", "B2m"], "symbols", "mouse"),
        (["GRCh38_LYZ", "GRCh38_B2M", "mm10___B2m"], "symbols", "human and mouse"),
        (IDS, "Ensembl ids", "human"),
        ([f"ENSMUSG{i:011d}.3" for i in range(6)], "Ensembl ids", "mouse"),
        ([f"ENSDARG{i:011d}" for i in range(6)], "Ensembl ids", "another species"),
        ([*SYMBOLS, *IDS], "symbols and Ensembl ids", "human"),
        (["a", "b"], "", ""),
    ],
)
def test_kind_and_species_are_told(genes: list[str], kind: str, species: str) -> None:
    """Symbols, ids and species are told by the names alone."""
    names = _names(genes)
    assert (names.naming.kind, names.species) == (kind, species)


def test_versions_and_duplicates_are_counted() -> None:
    """Ids with versions are counted in the ids, too; the second of a name is a duplicate."""
    names = _names(["A", "B", "A"], gene_ids=["ENSG00000000001.2", "", "ENSG00000000003.1"])
    assert (names.n_versioned, names.naming.n_duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("cells", "genes", "transposed"),
    [
        (CELLS, SYMBOLS, False),
        (SYMBOLS, CELLS, True),
        (IDS, CELLS, True),
        (SYMBOLS, ["s1", "s2"], True),
        (["g1", "g2"], ["sample_AAACATACAACCAC", "sample_AAACATTGAGCTAC"], True),
        (["c1", "c2"], ["g1", "g2"], False),
        (CELLS, ["g1", "g2"], False),
        ([], SYMBOLS, False),
    ],
)
def test_transposed_is_told(cells: list[str], genes: list[str], transposed: bool) -> None:
    """Rows named like genes or columns named like cells show it; unknown names show nothing."""
    assert _names(genes, cells).transposed == transposed


def test_antibodies_are_told_by_type_or_name() -> None:
    """Feature types are counted; without them, names of antibodies and hashtags are."""
    types = ["Gene Expression", "Antibody Capture", "Antibody Capture"]
    assert _names(["LYZ", "CD3", "CD4"], feature_types=types).naming.by_type == {
        "Antibody Capture": 2
    }
    named = _names(["LYZ", "CD3_TotalSeqB", "Hashtag1", "HTO-2"]).naming.by_name
    assert list(named.values()) == [3]


def test_dots_become_dashes_again(test_data: Path) -> None:
    """Of 32,738 real symbols that R's make.names changed, all but a handful come back."""
    pbmc3k = read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad")
    symbols = [name for name in pbmc3k.var_names if "/" not in name]
    mended = with_dashes([name.replace("-", ".") for name in symbols])
    assert sum(a != b for a, b in zip(symbols, mended, strict=True)) <= 2


@pytest.mark.parametrize(
    "names", [["HLA-DRA", "AC1.2"], ["HLA-DRA", "HLA.X"], ["NKX2.1", "LYZ"], []]
)
def test_dots_stay_where_r_did_not_make_them(names: list[str]) -> None:
    """Without HLA. or MT., or with HLA- beside them, no name is changed."""
    assert with_dashes(names) == names
