"""Claims about the counts and labels that protocols are judged on."""

import dataclasses

import numpy as np
import pytest
from conftest import SMALL, simulate

from scbaseline.counts import Counts
from scbaseline.stages import Stages
from scbaseline.study.draws import draw_halves, draw_structureless

MERGED = dataclasses.replace(SMALL, merge_unstable=True)


@pytest.fixture(scope="module")
def counts() -> Counts:
    return Counts.from_anndata(simulate(n_cells=400, n_types=1, seed=1))


def test_structureless_halves_are_labelled_as_real_ones_are(counts: Counts) -> None:
    """A control whose clusters are not merged with the others' is lower than nothing earns."""
    null = draw_structureless(counts, MERGED, Stages(), number=0, names=frozenset({"half A"}))
    same = draw_halves(null.counts["all"], MERGED, Stages(), number=0, both=False)
    assert null.labels["half A"].names == same.labels["half A"].names
    np.testing.assert_array_equal(null.labels["half A"].codes_n, same.labels["half A"].codes_n)
    assert len(null.labels["half A"].names) < len(set(null.clusters["half A"]))


def test_clusters_of_all_structureless_counts_are_merged_too(counts: Counts) -> None:
    """Under null-published as under published."""
    merged, plain = (
        draw_structureless(counts, config, Stages(), number=0, names=frozenset({"all"})).labels[
            "all"
        ]
        for config in (MERGED, SMALL)
    )
    assert len(merged.names) < len(plain.names)
