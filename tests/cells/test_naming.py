"""Claims about naming: markers name clusters; noise, depth and thin evidence do not."""

import numpy as np
from conftest import SMALL, simulate

from scbaseline.cells.marker_table import CellType, MarkerTable
from scbaseline.cells.markers import Markers, one_versus_rest
from scbaseline.cells.naming import Proposal, propose_names
from scbaseline.counts import Counts

ADATA = simulate(n_cells=300, n_genes=600)
GENES = tuple(ADATA.var_names)
CODES_N = ADATA.obs["cell_type"].astype("category").cat.codes.to_numpy(np.int64)


def own(t: int, first: int = 0, last: int = 10) -> tuple[str, ...]:
    """Return genes that the simulated type shows more than the others."""
    return GENES[10 * t + first : 10 * t + last]


def proposed(*types: CellType, codes_n: np.ndarray = CODES_N) -> tuple[Proposal, ...]:
    """Name groups of the simulated cells after a table."""
    markers: Markers = one_versus_rest(Counts.from_anndata(ADATA), codes_n, SMALL)
    return propose_names(markers, GENES, MarkerTable("a test", types))


def test_each_type_gets_its_own_name() -> None:
    """And the evidence is its markers, with their AUC."""
    found = proposed(*(CellType(f"T{t}", own(t)) for t in (2, 0, 1)))
    assert [p.name for p in found] == ["T0", "T1", "T2"]
    assert {gene for gene, auc in found[0].evidence_for if auc > 0.6} <= set(own(0))
    assert found[0].evidence_against == ()
    assert found[0].z > 5


def test_a_type_needs_two_markers_that_the_data_hold() -> None:
    """One marker names nothing, and unknown genes are no evidence."""
    one = proposed(CellType("T0", (own(0)[0], "NOT_THERE")))
    assert {p.name for p in one} == {""}
    assert "two markers among the genes" in one[0].why_not


def test_most_of_a_types_markers_must_be_shown() -> None:
    """Two of six are a coincidence of tables."""
    mixed = CellType("T0", (*own(0, last=2), *GENES[100:104]))
    assert proposed(mixed)[0].name == ""


def test_two_types_that_fit_alike_name_nothing() -> None:
    """Doubt is said, with both names."""
    found = proposed(CellType("left", own(0, last=5)), CellType("right", own(0, first=5)))
    assert found[0].name == ""
    assert "left" in found[0].why_not
    assert "right" in found[0].why_not


def test_negative_markers_speak_against_a_type() -> None:
    """A type is not proposed where what it must not show is shown, and the genes are listed."""
    assert proposed(CellType("T0", own(0, last=5)))[0].name == "T0"
    against = proposed(CellType("T0", own(0, last=5), own(0, first=5)))[0]
    assert against.name == ""
    assert {gene for gene, _ in against.evidence_against} & set(own(0, first=5))


def test_random_groups_and_groups_by_depth_get_no_name() -> None:
    """What is in no gene names no cluster; neither does depth."""
    types = [CellType(f"T{t}", own(t)) for t in range(3)]
    rng = np.random.default_rng(1)  # with 0, it would draw the simulated types
    depth_n = Counts.from_anndata(ADATA).total_n
    for codes_n in (
        rng.integers(0, 4, len(CODES_N)),
        np.digitize(depth_n, np.quantile(depth_n, [0.3, 0.7])),
    ):
        assert {p.name for p in proposed(*types, codes_n=codes_n)} == {""}
