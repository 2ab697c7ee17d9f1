"""Every value is looked at, and the verdict is the one that a person would give."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from thread_ranks import on_ranks

from scbaseline.data import blocks
from scbaseline.data.blocks import row_blocks
from scbaseline.data.shared_values import examine_shared_values
from scbaseline.data.values import Values, examine_values
from scbaseline.ranks import Ranks, share_of

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(1.0, size=(60, 50)).astype(float)
CPM = COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e6
FRACTIONS = COUNTS + (COUNTS > 0) * (RNG.random(COUNTS.shape) < 0.4) * 0.37
NOISE = np.exp(RNG.normal(scale=0.2, size=COUNTS.shape))


def _values(matrix: object) -> Values:
    return examine_values(row_blocks(matrix))


@pytest.mark.parametrize(
    ("matrix", "kind", "recovers"),
    [
        (COUNTS, "counts", False),
        (np.log1p(CPM / 100), "log1p", True),
        (np.log1p(COUNTS), "log1p", True),
        (np.log2(CPM + 1), "log2", True),
        (CPM, "normalised", True),
        (np.log1p(CPM * NOISE / (CPM * NOISE).sum(axis=1, keepdims=True) * 1e4), "log1p", False),
        (np.log2(CPM * NOISE / (CPM * NOISE).sum(axis=1, keepdims=True) * 1e6 + 1), "log2", False),
        (CPM * NOISE / (CPM * NOISE).sum(axis=1, keepdims=True) * 1e6, "normalised", False),
        (FRACTIONS, "fractional", False),
        (COUNTS * NOISE * 40, "fractional", False),
        (np.vstack([COUNTS, np.log1p(CPM / 100)]), "mixed", False),
        (np.vstack([np.log1p(CPM / 100), COUNTS]), "mixed", False),
        (COUNTS - COUNTS.mean(axis=0), "scaled", False),
        (np.where(COUNTS > 3, np.nan, COUNTS), "damaged", False),
        (np.where(COUNTS > 3, np.inf, COUNTS), "damaged", False),
        (COUNTS * 0, "zeros", False),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_each_kind_is_told(matrix: np.ndarray, kind: str, recovers: bool, form: object) -> None:
    """Counts, logarithms, fractions and the rest are told apart in every form of matrix."""
    values = _values(form(matrix))
    assert values.kind == kind
    assert (values.recovery is not None) == recovers


@given(st.integers(0, 59), st.integers(0, 49), st.sampled_from([0.5, -1.0, np.nan, np.inf]))
def test_one_bad_value_is_found_in_any_block(cell: int, gene: int, bad: float) -> None:
    """The first value that is no count is named with its cell and gene, in whatever block."""
    matrix = COUNTS.copy()
    matrix[cell, gene] = bad
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(blocks, "_SPARSE_ROWS", 7)
        found = _values(sparse.csr_matrix(matrix)).bad
    assert found is not None
    assert (found.cell, found.gene) == (cell, gene)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_sums_are_numpys(form: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum and the number of genes of each cell are those that numpy gives, block or not."""
    monkeypatch.setattr(blocks, "_SPARSE_ROWS", 7)
    monkeypatch.setattr(blocks, "_DENSE_VALUES", 60)
    matrix = COUNTS * (RNG.random(len(COUNTS)) < 0.7)[:, None]  # some cells are empty
    values = _values(form(matrix))
    np.testing.assert_array_equal(values.sums_n, matrix.sum(axis=1))
    np.testing.assert_array_equal(values.n_genes_n, (matrix > 0).sum(axis=1))


_WHOLE = COUNTS[:8] + 1.0
_TOTAL = _WHOLE.sum(axis=1, keepdims=True)
PIECES = {
    "counts": _WHOLE,
    "ones": (COUNTS[:8] > 0) * 1.0,
    "large counts": _WHOLE * 30,
    "huge": np.where(_WHOLE > 3, 1e31, _WHOLE),
    "log1p": np.log1p(_WHOLE),
    "log1p of 10,000": np.log1p(_WHOLE / _TOTAL * 1e4),
    "log2 of a million": np.log2(_WHOLE / _TOTAL * 1e6 + 1),
    "normalised": _WHOLE / _TOTAL * 1e4,
    "fractions": FRACTIONS[:8],
    "zeros": _WHOLE * 0,
    "negative": -_WHOLE,
    "missing": np.where(_WHOLE > 3, np.nan, _WHOLE),
}
"""Blocks of eight cells, by what they hold."""

_USUAL = ["counts", "ones", "large counts", "log1p", "log1p of 10,000", "log2 of a million"]
_USUAL += ["normalised", "fractions", "zeros"]


@given(
    st.one_of(
        st.lists(st.sampled_from(_USUAL), min_size=1, max_size=7),
        st.lists(st.sampled_from([*PIECES]), min_size=1, max_size=7),
    ),
    st.integers(2, 4),
)
@settings(max_examples=60)
@example(["counts", "log1p of 10,000", "log1p of 10,000"], 3)
@example(["log1p of 10,000", "ones", "log1p of 10,000"], 3)
@example(["large counts", "log1p", "fractions"], 3)
@example(["normalised", "counts", "normalised"], 3)
def test_ranks_say_of_values_what_one_process_does(pieces: list[str], n_ranks: int) -> None:
    """Each looks at some blocks; the verdict, the first bad value and the counts are the same."""
    blocks = [
        (8 * i, sparse.csr_matrix(PIECES[name], dtype=np.float32)) for i, name in enumerate(pieces)
    ]

    def work(ranks: Ranks) -> Values:
        own = blocks[share_of(len(blocks), ranks)]
        return examine_shared_values(own, ranks, again=lambda: own)

    alone = examine_values(blocks)
    for shared in on_ranks(work, n_ranks):
        assert (shared.kind, shared.bad, shared.largest, shared.target) == (
            alone.kind, alone.bad, alone.largest, alone.target,
        )  # fmt: skip
        for name in ("sums_n", "n_genes_n", "undone_sums_n"):
            np.testing.assert_array_equal(getattr(shared, name), getattr(alone, name))
        assert (shared.recovery is None) == (alone.recovery is None)
        if alone.recovery is not None and shared.recovery is not None:
            assert shared.recovery.scale == alone.recovery.scale
            assert shared.recovery.worst == alone.recovery.worst
            np.testing.assert_array_equal(shared.recovery.unit_n, alone.recovery.unit_n)
