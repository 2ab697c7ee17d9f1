"""Claims about the counts and labels that protocols are judged on."""

import dataclasses

import numpy as np
import pytest
from conftest import SMALL, simulate

from scbaseline.cells.thinning import Counts
from scbaseline.study.preparation import counts_of
from scbaseline.study.views import halves_view, structureless_view

MERGED = dataclasses.replace(SMALL, merge_unstable=True)


@pytest.fixture(scope="module")
def counts() -> Counts:
    return counts_of(simulate(n_cells=400, n_types=1, seed=1))


def test_structureless_halves_are_labelled_as_real_ones_are(counts: Counts) -> None:
    """A control whose clusters are not merged with the others' is lower than nothing earns."""
    null = structureless_view(counts, MERGED, draw=0, names={"half A"})
    same = halves_view(null.counts["all"], MERGED, draw=0, both=False)
    assert null.labels["half A"].names == same.labels["half A"].names
    np.testing.assert_array_equal(null.labels["half A"].codes_n, same.labels["half A"].codes_n)
    assert len(null.labels["half A"].names) < len(set(null.clusters["half A"]))


def test_clusters_of_all_structureless_counts_are_merged_too(counts: Counts) -> None:
    """Under null-published as under published."""
    merged, plain = (
        structureless_view(counts, config, draw=0, names={"all"}).labels["all"]
        for config in (MERGED, SMALL)
    )
    assert len(merged.names) < len(plain.names)
