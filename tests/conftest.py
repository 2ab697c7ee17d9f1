"""Fixtures that every test may use."""

import os
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from scipy import sparse

from scbaseline import RunConfig, check_counts, read_counts

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

TEST_DATA = "SCBASELINE_TEST_DATA"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real data sets, or skip the test where there is none."""
    named = os.environ.get(TEST_DATA)
    if not named or not Path(named).is_dir():
        pytest.skip(f"needs real data: {TEST_DATA} names no folder")
    return Path(named)


SMALL = RunConfig(
    min_genes=1, min_cells=1, n_top_genes=60, n_comps=10, n_pcs=10, n_bootstrap=200, threads=1
)
"""Settings that suit :func:`simulate`'s data."""


def simulate(
    *,
    n_cells: int = 240,
    n_genes: int = 150,
    n_types: int = 3,
    effect: float = 6.0,
    seed: int = 0,
) -> anndata.AnnData:
    """Draw Poisson counts of cells of a few types, each with ten marker genes of its own."""
    rng = np.random.default_rng(seed)
    type_n = rng.integers(n_types, size=n_cells)
    rate_tg = np.tile(rng.gamma(0.5, 2.0, size=n_genes), (n_types, 1))
    for t in range(n_types):
        rate_tg[t, 10 * t : 10 * t + 10] += effect
    depth_n = rng.lognormal(0.0, 0.3, size=n_cells)
    counts = rng.poisson(rate_tg[type_n] * depth_n[:, None])
    adata = anndata.AnnData(
        sparse.csr_matrix(counts, dtype=np.float32),
        obs=pd.DataFrame(
            {"cell_type": [f"type {t}" for t in type_n]},
            index=[f"cell{i}-1" for i in range(n_cells)],
        ),
        var=pd.DataFrame(index=[f"GENE{g}" for g in range(n_genes)]),
    )
    return check_counts(adata)


@pytest.fixture
def cells() -> anndata.AnnData:
    """Return a few simulated cells, as the pipeline's stages see them."""
    return simulate()


@pytest.fixture(scope="session")
def pbmc3k(test_data: Path) -> anndata.AnnData:
    """Return PBMC3k's raw counts, as the pipeline's stages see them."""
    return check_counts(read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad"))
