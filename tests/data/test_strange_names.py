"""Names of genes that no other study uses are said to be so."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_forms import simulated

from scbaseline.cli import main
from scbaseline.data.genes import align_genes
from scbaseline.data.known import resembles_known
from scbaseline.data.naming import name_genes
from scbaseline.errors import InputError


def _doctor(names: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    adata = simulated()[:60, : len(names)].copy()
    adata.var = pd.DataFrame(index=names)
    adata.write_h5ad(folder / "x.h5ad")
    status = main(["doctor", str(folder / "x.h5ad")])
    return status, " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("form", ["chr1:{0}-{0}9", "Gene_{}", "ENST{:011d}", "feature{}"])
def test_names_of_no_known_gene_are_said_to_be_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """To train on one file works, so that it is no reason to refuse it."""
    status, said = _doctor([form.format(n) for n in range(120)], tmp_path, capsys)
    assert status == 0
    assert "none of the 120 genes has the name of a well-known gene" in said


@pytest.mark.parametrize("form", ["{}", "rna_{}", "{}|17", "{}_17", "GRCh38-{}", "b'{}'"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_known_genes_in_other_spellings_are_not_strange(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, case: object
) -> None:
    """A model finds them behind what stands around them."""
    names = [form.format(case("CD3D")), *(form.format(f"other{n}") for n in range(119))]
    assert "well-known gene" not in _doctor(names, tmp_path, capsys)[1]
    assert resembles_known(names[0])


@pytest.mark.parametrize("step", [3, 7, 100])
def test_numbers_with_gaps_look_like_entrez_ids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: int
) -> None:
    """They are counts, and their names are what is missing: the last line asks for these."""
    status, said = _doctor([str(1000 + step * n) for n in range(120)], tmp_path, capsys)
    assert status == 1
    assert "look like Entrez ids" in said
    assert "give the genes their symbols or Ensembl ids" in said
    assert "raw counts, and" not in said


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_without_gaps_are_those_of_rows(first: int) -> None:
    """As R and pandas write them."""
    naming = name_genes(pd.DataFrame(index=[str(n) for n in range(first, first + 50)]))
    assert "row numbers" in naming.problem


def test_numbers_behind_all_names_are_taken_off() -> None:
    """``CD3D_915`` is CD3D where nearly all names end so, and a name of its own elsewhere."""
    symbols = [f"GENE{chr(65 + n)}" for n in range(20)]
    numbered = [f"{symbol}_{n + 10}" for n, symbol in enumerate(symbols)]
    query = name_genes(pd.DataFrame(index=numbered)).var
    found = align_genes(symbols, [""] * 20, query).columns
    np.testing.assert_array_equal(found, np.arange(20))
    query = name_genes(pd.DataFrame(index=[numbered[0], *(f"other{n}" for n in range(19))])).var
    with pytest.raises(InputError, match="no gene in common"):
        align_genes(symbols, [""] * 20, query)
