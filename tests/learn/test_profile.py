"""Claims about the centred profile."""

import numpy as np
import torch
from scipy import sparse

from scbaseline.learn.profile import CentredProfile

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(RNG.gamma(0.5, 2.0, 40) + 0.1, (200, 40)).astype(np.float32)
FRONT = CentredProfile.fitted([sparse.csr_matrix(COUNTS)], target_sum=1e4, max_value=10.0)


def test_it_is_standardising_and_centring_by_hand() -> None:
    """With all genes: log1p of counts per 10,000, standardised, minus each cell's own mean."""
    log = np.log1p(COUNTS * (1e4 / COUNTS.sum(axis=1, keepdims=True)))
    z = ((log - log.mean(axis=0)) / log.std(axis=0)).clip(-10, 10)
    expected = z - z.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(FRONT(torch.from_numpy(COUNTS)).numpy(), expected, atol=2e-4)


def test_blocks_do_not_matter() -> None:
    """Seen in two blocks, cells teach what they teach at once."""
    blocks = [sparse.csr_matrix(COUNTS[:70]), sparse.csr_matrix(COUNTS[70:])]
    other = CentredProfile.fitted(blocks, target_sum=1e4, max_value=10.0)
    for name, values in FRONT.state_dict().items():
        torch.testing.assert_close(values, other.state_dict()[name])


def test_depth_does_not_matter() -> None:
    """A cell with three times the counts of each gene has the same values."""
    counts = torch.from_numpy(COUNTS)
    torch.testing.assert_close(FRONT(counts), FRONT(3 * counts), atol=1e-4, rtol=1e-4)


def test_a_missing_gene_is_zero_and_moves_no_total() -> None:
    """Counts on the mean profile are counts per 10,000 of it, with half of the genes as well."""
    whole = 1000 * FRONT.share_g.repeat(3, 1)
    panel = whole.clone()
    panel[:, 20:] = torch.nan
    values, of_panel = FRONT(whole), FRONT(panel)
    assert bool((of_panel[:, 20:] == 0).all())
    z = values[:, :20] - values[:, :20].mean(dim=1, keepdim=True)
    torch.testing.assert_close(of_panel[:, :20], z, atol=1e-4, rtol=1e-4)


def test_sparse_counts_are_the_same() -> None:
    """CSR with zeros for missing genes gives what NaN in full gives."""
    missing_g = np.arange(40) % 3 == 0
    full = np.where(missing_g, np.nan, COUNTS).astype(np.float32)
    counts = sparse.csr_matrix(np.where(missing_g, 0, COUNTS))
    total_n = torch.ones(len(COUNTS))
    seen = FRONT.sparse(counts, total_n, missing_g=missing_g)
    torch.testing.assert_close(seen, FRONT(torch.from_numpy(full)))
