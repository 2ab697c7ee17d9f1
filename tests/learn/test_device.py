"""Claims about cells that stay on a device, and about what goes there."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from scbaseline import RunConfig
from scbaseline.errors import InputError
from scbaseline.learn.device import require_room, send, training_precision
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.feed import ResidentCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import RECIPES
from scbaseline.scale import ScaledCounts

CPU = torch.device("cpu")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@given(
    seed=st.integers(0, 2**32 - 1),
    n_cells=st.integers(1, 40),
    n_genes=st.integers(1, 30),
    density=st.floats(0.0, 1.0),
    size=st.integers(1, 12),
)
def test_resident_cells_are_taken_in_the_order_that_is_asked_for(
    seed: int, n_cells: int, n_genes: int, density: float, size: int
) -> None:
    """Batches and blocks equal the dense rows, bit by bit, cells without entries included."""
    rng = np.random.default_rng(seed)
    x_ng = rng.normal(size=(n_cells, n_genes)).astype(np.float32)
    x_ng[rng.random(x_ng.shape) >= density] = 0
    constant_g = rng.normal(size=n_genes).astype(np.float32)
    cells = ResidentCells.sent(constant_g, sparse.csr_matrix(x_ng), CPU)
    assert (len(cells), cells.n_inputs) == x_ng.shape
    order_n = rng.permutation(n_cells)
    batches = list(cells.batches(torch.from_numpy(order_n), size))
    assert max(map(len, batches)) <= size
    np.testing.assert_array_equal(torch.cat(batches), (constant_g + x_ng)[order_n])
    np.testing.assert_array_equal(torch.cat(list(cells.blocks())), constant_g + x_ng)


def test_a_cpu_keeps_its_tensors_and_its_precision() -> None:
    """Nothing is copied, there is always room, and products stay float32."""
    x = torch.ones(3, 3)
    assert send(x, CPU) is x
    require_room(2**60, CPU)
    with training_precision(CPU):
        assert (x @ x).dtype == torch.float32


def examples(seed: int, n_cells: int) -> tuple[Examples, Examples]:
    """Return the same cells as scaled and as raw counts: three types with genes of their own."""
    rng = np.random.default_rng(seed)
    codes_n = rng.integers(3, size=n_cells)
    rate_kg = np.full((3, 60), 0.3)
    for k in range(3):
        rate_kg[k, 20 * k : 20 * k + 10] = 2.0
    counts_ng = sparse.csr_matrix(rng.poisson(rate_kg[codes_n]).astype(np.float32))
    log_ng = counts_ng.copy()
    log_ng.data = np.log1p(log_ng.data)
    return Examples(ScaledCounts(np.full(60, -0.5), log_ng), codes_n), Examples(counts_ng, codes_n)


@needs_gpu
@pytest.mark.parametrize(("name", "form"), [("hvg-earlystop", 0), ("robust", 1)])
def test_a_gpu_learns_what_a_cpu_learns(name: str, form: int) -> None:
    """On CUDA, held-out accuracy is within .03 of the CPU's."""
    training, held_out = examples(0, 900)[form], examples(1, 600)[form]
    accuracy = []
    for device in ("cpu", "cuda"):
        learnt = RECIPES[name].fit(
            TrainingCells(training), held_out, n_labels=3, config=RunConfig(device=device), seed=0
        )
        assert all(p.device == CPU for p in learnt.module.parameters())
        codes_n = logits(learnt.module, held_out.x).argmax(axis=1)
        accuracy.append(float((codes_n == held_out.codes_n).mean()))
    assert accuracy[0] > 0.8
    assert abs(accuracy[0] - accuracy[1]) < 0.03


@needs_gpu
def test_a_gpu_holds_the_cells_that_it_was_given() -> None:
    """Batches on CUDA equal those on the CPU, bit by bit."""
    x_ng = sparse.random(90, 40, density=0.2, format="csr", dtype=np.float32, random_state=0)
    one, two = (
        ResidentCells.sent(np.arange(40.0), x_ng, device) for device in (CPU, torch.device("cuda"))
    )
    order_n = torch.randperm(90)
    for a, b in zip(one.batches(order_n, 16), two.batches(order_n, 16), strict=True):
        assert torch.equal(a, b.cpu())


@needs_gpu
def test_cells_that_a_gpu_cannot_hold_are_refused() -> None:
    """The refusal gives both sizes and the ways out."""
    with pytest.raises(InputError, match="--from-disk, or --device cpu"):
        require_room(2**60, torch.device("cuda"))
