"""check_counts mends what it can, accepts what it is told to, and says so in the provenance."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from scbaseline.data.check import check_counts
from scbaseline.data.provenance import provenance_of
from scbaseline.errors import InputError

COUNTS = np.array([[0, 3, 0, 1], [2, 0, 0, 0], [0, 0, 5, 1]])
NOT_COUNTS = np.log1p(np.where(COUNTS == 5, 5.3, COUNTS))  # one of them is no whole number


def _adata(matrix: np.ndarray, **obs: object) -> AnnData:
    n_cells, n_genes = matrix.shape
    return AnnData(
        matrix,
        obs=pd.DataFrame(obs, index=[f"cell{i}" for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)]),
    )


def _fractional(*, n_cells: int = 30) -> np.ndarray:
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, size=(n_cells, 20)).astype(np.float32)
    return counts + (counts > 0) * (rng.random(counts.shape) < 0.3) * np.float32(0.25)


def test_fractional_counts_are_refused_with_the_flag() -> None:
    """What alevin, RSEM and SoupX give is refused by naming what accepts it."""
    with pytest.raises(InputError, match=r"--allow-fractional if these are counts with fractions"):
        check_counts(_adata(_fractional()))


def test_fractional_counts_may_be_allowed() -> None:
    """Allowed, they stay as they are, and the provenance says that they are."""
    checked = check_counts(_adata(_fractional()), allow_fractional=True)
    np.testing.assert_array_equal(checked.X.toarray(), _fractional())
    assert provenance_of(checked).fractional
    assert check_counts(checked).uns == checked.uns


@pytest.mark.parametrize(
    "matrix", [NOT_COUNTS, COUNTS - 1.5, np.where(COUNTS, COUNTS, np.nan)], ids=str
)
def test_only_fractional_counts_are_allowed_so(matrix: np.ndarray) -> None:
    """Logarithms, scaled and missing values stay refused, whatever is allowed."""
    with pytest.raises(InputError, match="X holds"):
        check_counts(_adata(matrix), allow_fractional=True)


def test_transposed_data_are_refused() -> None:
    """Genes as rows are told by their names, and the flag is named."""
    adata = _adata(COUNTS)
    adata.obs_names = ["LYZ", "CD3D", "MS4A1"]
    with pytest.raises(InputError, match=r"rows are named like genes \(LYZ\).*--transpose"):
        check_counts(adata)


def test_dots_for_dashes_are_mended_and_said() -> None:
    """R's HLA.DRA is HLA-DRA again."""
    adata = _adata(COUNTS)
    adata.var_names = ["HLA.DRA", "MT.CO1", "AC002321.1", "LYZ"]
    checked = check_counts(adata)
    assert checked.var_names.tolist() == ["HLA-DRA", "MT-CO1", "AC002321.1", "LYZ"]
    assert provenance_of(checked).notes[0].startswith("2 gene names got back dashes")


def test_a_selection_of_genes_without_totals_is_said() -> None:
    """Depth is unknown where X holds few genes and no column of totals was named."""
    notes = provenance_of(check_counts(_adata(COUNTS, n_counts=[90, 95, 99]))).notes
    assert notes[0].startswith("depth unknown")
    assert "perhaps n_counts" in notes[0]
    named = check_counts(_adata(COUNTS, n_counts=[90, 95, 99]), total_key="n_counts")
    assert provenance_of(named).notes == ()


def test_notes_survive_writing(tmp_path: Path) -> None:
    """What is noted is the same after a way through an h5ad file."""
    checked = check_counts(_adata(np.log1p(COUNTS)))
    checked.write_h5ad(tmp_path / "x.h5ad")
    assert provenance_of(anndata.read_h5ad(tmp_path / "x.h5ad")) == provenance_of(checked)


@pytest.mark.parametrize("dtype", [np.int32, bool])
def test_binarised_counts_are_noted(dtype: type) -> None:
    """Zeros and ones pass as counts, but what they cost is told; a few ones prove nothing."""
    ones = np.random.default_rng(0).random((300, 100)) < 0.5
    notes = provenance_of(check_counts(_adata(ones.astype(dtype)))).notes
    assert any("binarised" in note for note in notes)
    few = provenance_of(check_counts(_adata(ones[:50].astype(dtype)))).notes
    assert not any("binarised" in note for note in few)
