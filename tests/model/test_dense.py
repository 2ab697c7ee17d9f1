"""Claims about predictions on a GPU, held on a CPU as far as that goes."""

import warnings
from copy import deepcopy
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from watched import OneDevice

import scbaseline as sb
from scbaseline import Classifier
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.device import choose_device
from scbaseline.learn.sparse import SparseRows
from scbaseline.model import dense, serve
from scbaseline.model.dense import DenseServer
from scbaseline.model.serve import answers_on
from scbaseline.model.unknown import UnknownScore

CPU, META = torch.device("cpu"), torch.device("meta")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture(scope="module")
def pbmc() -> Classifier:
    """The model that comes with the package; it has an unknown score."""
    return Classifier.load("pbmc")


def drawn(
    classifier: Classifier, missing_g: np.ndarray, *, n_cells: int, seed: int
) -> tuple[sparse.csr_matrix, torch.Tensor]:
    """Draw counts from the labels' profiles, each a little bent, and their totals."""
    assert classifier.unknown is not None
    rng = np.random.default_rng(seed)
    share_kg = classifier.unknown.share_kg.double().numpy()
    share_ng = share_kg[rng.integers(len(share_kg), size=n_cells)]
    share_ng = share_ng * rng.gamma(8.0, 1 / 8, size=share_ng.shape)
    counts_ng = rng.poisson(rng.choice([0, 90, 900, 9000], (n_cells, 1)) * share_ng)
    counts_ng[:, missing_g] = 0
    totals_n = torch.from_numpy(counts_ng.sum(axis=1).astype(np.float32))
    return sparse.csr_matrix(counts_ng.astype(np.float32)), totals_n


@settings(max_examples=12, deadline=None)
@given(
    n_cells=st.integers(1, 40),
    lacking=st.sampled_from([0.0, 0.3, 0.9]),
    most_cells=st.integers(0, 12),
    seed=st.integers(0, 2**16),
)
def test_what_a_gpu_computes_is_what_a_cpu_says(
    pbmc: Classifier, n_cells: int, lacking: float, most_cells: int, seed: int
) -> None:
    """Probabilities and unknown scores to 1e-5, in chunks of any size, with empty cells."""
    n_genes = len(pbmc.card.gene_symbols)
    missing_g = np.random.default_rng(seed).random(n_genes) < lacking
    counts_ng, total_n = drawn(pbmc, missing_g, n_cells=n_cells, seed=seed)
    server = DenseServer.sent(pbmc, missing_g, CPU, most_values=most_cells * n_genes)
    with torch.inference_mode():
        expected = answers_on(CPU, pbmc, missing_g)(counts_ng, total_n)
        computed = server(counts_ng, total_n)
        sizes = [len(probability_nk) for probability_nk, _ in server.chunks(counts_ng, total_n)]
    assert max(sizes) <= max(most_cells, 1)
    assert sum(sizes) == n_cells
    assert isinstance(expected.values_ng, SparseRows | torch.Tensor)
    np.testing.assert_allclose(computed.probability_nk, expected.probability_nk, atol=1e-5)
    full_n = total_n.numpy() > 0
    assert expected.score_n is not None
    assert computed.score_n is not None
    np.testing.assert_allclose(
        computed.score_n[full_n], expected.score_n[full_n], atol=1e-5, rtol=1e-5
    )


def test_nothing_is_on_the_wrong_device_and_memory_is_bounded(pbmc: Classifier) -> None:
    """On a device without numbers every operation finds its operands, and no value is awaited."""
    n_genes = len(pbmc.card.gene_symbols)
    missing_g = np.random.default_rng(0).random(n_genes) < 0.3
    counts_ng, total_n = drawn(pbmc, missing_g, n_cells=100, seed=0)
    server = answers_on(META, pbmc, missing_g)
    assert isinstance(server, DenseServer)
    width = n_genes + pbmc.unknown.center_kc.numel()
    assert server.n_rows == dense.DENSE_VALUES // width
    server = DenseServer.sent(pbmc, missing_g, META, most_values=32 * n_genes)
    with torch.inference_mode(), OneDevice(META) as seen:
        for probability_nk, score_n in server.chunks(counts_ng, total_n):
            assert score_n is not None
            assert {probability_nk.device, score_n.device} == {META}
            del probability_nk, score_n
    assert seen.n_operations > 4 * 20
    sent = 8 * counts_ng.nnz + 4 * counts_ng.shape[0]
    assert 4 * server.n_rows * n_genes < seen.peak_bytes - sent <= dense._BYTES * 32 * n_genes
    assert all(x.device == CPU for x in pbmc.state_dict().values()), "the user's own model moved"


def test_many_labels_take_no_more_memory(pbmc: Classifier) -> None:
    """A cell's distance from each of 200 labels is counted, so that fewer cells go at a time."""
    n_genes, n_comps = pbmc.unknown.axes_gc.shape
    many = UnknownScore(n_genes, 200, n_comps)
    many.covariance_kcc += torch.eye(n_comps)
    many.share_kg += 1 / n_genes
    many.spread_s += 1
    for name, value in pbmc.unknown.named_buffers():
        if name.startswith(("deviance", "misfit", "noise")):
            getattr(many, name).copy_(value)
    classifier = deepcopy(pbmc)
    classifier.unknown = many
    missing_g = np.zeros(n_genes, dtype=bool)
    counts_ng, total_n = drawn(pbmc, missing_g, n_cells=100, seed=0)
    server = DenseServer.sent(classifier, missing_g, META, most_values=32 * n_genes)
    with torch.inference_mode(), OneDevice(META) as seen:
        for probability_nk, score_n in server.chunks(counts_ng, total_n):
            del probability_nk, score_n
    sent = 8 * counts_ng.nnz + 4 * counts_ng.shape[0]
    of_labels = dense._PRECISION_BYTES * 200 * n_comps**2
    assert seen.peak_bytes - sent <= dense._BYTES * 32 * n_genes + of_labels


def test_a_mixed_operation_is_noticed() -> None:
    """The watch itself fails where a matrix is left on the CPU."""
    with OneDevice(META), pytest.raises((AssertionError, RuntimeError)):
        torch.ones(3, 4, device=META) @ torch.ones(4, 2)
    with OneDevice(META), pytest.raises(AssertionError, match="mixes"):
        torch.ones(3, device=META)[torch.arange(2)]


def test_a_prediction_needs_nothing_but_the_answers(
    pbmc: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels, sets, verdict and smoothed labels are those of the CPU's own way."""
    query = sb.read_counts("pbmc68k_reduced")
    options = {"force": True, "probabilities": True, "smooth": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sb.ScbaselineWarning)  # it lacks genes
        expected = sb.predict(query, pbmc, device="cpu", **options)
        monkeypatch.setattr(serve, "choose_device", {"auto": META, "cpu": CPU}.__getitem__)
        monkeypatch.setattr(
            serve,
            "answers_on",
            lambda device, *given: (
                answers_on(CPU, *given) if device == CPU else DenseServer.sent(*given, CPU)
            ),
        )
        computed = sb.predict(query, pbmc, device="auto", **options)
    pd.testing.assert_frame_equal(computed.table, expected.table, atol=1e-5, rtol=1e-5)
    assert computed.doubt.verdict == expected.doubt.verdict


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_missing_gpu_is_said_before_the_cells_are_read(pbmc: Classifier) -> None:
    """By every way to predict, in the words of the training."""
    bad = simulate()
    bad.X = bad.X * 0.37  # this would be said next
    for predict in (
        pbmc.predict,
        partial(sb.predict, model=pbmc),
        partial(sb.annotate, model=pbmc),
    ):
        with pytest.raises(ConfigError, match=r"torch .* finds no GPU; use --device cpu or auto"):
            predict(bad, device="cuda")


def test_a_device_that_is_none_is_refused(pbmc: Classifier) -> None:
    """The error lists the choices; there is no silent way back to the CPU."""
    for predict in (pbmc.predict, partial(sb.predict, model=pbmc)):
        with pytest.raises(ConfigError, match="device: 'gpu' is not known; choose auto, cpu, cuda"):
            predict(simulate(), device="gpu")
    with pytest.raises(ConfigError, match="choose auto, cpu, cuda"):
        choose_device("gpu")


@needs_gpu
def test_a_gpu_says_what_a_cpu_says(pbmc: Classifier) -> None:
    """On CUDA, labels are the same, and probabilities and scores agree to 1e-5."""
    query = sb.read_counts("pbmc68k_reduced")
    of_cpu, of_gpu = (
        pbmc.predict(query, force=True, probabilities=True, device=device)
        for device in ("cpu", "cuda")
    )
    pd.testing.assert_frame_equal(of_gpu, of_cpu, atol=1e-5, rtol=1e-5)
    assert all(x.device == CPU for x in pbmc.state_dict().values())


@needs_gpu
def test_a_gpu_without_room_is_said(pbmc: Classifier) -> None:
    """The refusal gives both sizes and the way out."""
    missing_g = np.zeros(len(pbmc.card.gene_symbols), dtype=bool)
    with pytest.raises(InputError, match=r"the model and .*; use --device cpu"):
        DenseServer.sent(pbmc, missing_g, torch.device("cuda"), most_values=2**50)
