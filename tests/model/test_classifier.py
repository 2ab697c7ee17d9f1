"""Claims about the classifier and its file."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from conftest import SMALL, simulate
from safetensors import safe_open
from safetensors.torch import save_file
from scipy import sparse
from watched import OneDevice

from scbaseline import Classifier, ScbaselineWarning, check_counts, keys, run
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import DataNotFoundError, InputError, ModelFileError
from scbaseline.learn.recipes import RECIPES
from scbaseline.model.dense import DenseServer
from scbaseline.model.serve import answers_on
from scbaseline.study.fit import Fit
from scbaseline.study.results import Run

pytestmark = pytest.mark.xdist_group("classifier")  # its module fixtures are costly


@pytest.fixture(scope="module")
def finished() -> Run:
    """A run on simulated cells with given labels, of every recipe."""
    config = dataclasses.replace(SMALL, label_key="cell_type", recipe=tuple(RECIPES))
    return run(simulate(), config)


def fit_of(finished: Run, *, saves_models: bool = True) -> Fit:
    """Return the fit of the saved models, or of the usual protocol."""
    return next(fit for fit in finished.fits if fit.protocol.saves_models == saves_models)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_module_equals_the_cached_path(recipe: str, finished: Run) -> None:
    """From raw counts, the saved module gives the probabilities of the end of training."""
    fit = fit_of(finished)
    trained = fit.recipes[recipe]
    probabilities_nk = finished.classifiers[recipe].probabilities(finished.cells.adata)[fit.test]
    np.testing.assert_allclose(probabilities_nk, trained.probability_tk, atol=1e-5)
    np.testing.assert_array_equal(probabilities_nk.argmax(axis=1), trained.predicted_t)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fresh_process_gives_the_same_probabilities(
    recipe: str, finished: Run, tmp_path: Path
) -> None:
    """Loaded where the training data never were, it agrees to 2e-6: float32, added in any order."""
    classifier = finished.classifiers[recipe]
    classifier.save(tmp_path / "model.safetensors")
    finished.cells.adata.write_h5ad(tmp_path / "cells.h5ad")
    code = (
        "import sys, anndata, numpy as np\n"
        "from scbaseline import Classifier\n"
        "adata = anndata.read_h5ad(sys.argv[1] + '/cells.h5ad')\n"
        "model = Classifier.load(sys.argv[1] + '/model.safetensors')\n"
        "np.save(sys.argv[1] + '/p.npy', model.probabilities(adata))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    expected = classifier.probabilities(finished.cells.adata)
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), expected, atol=2e-6)


def test_equal_runs_give_equal_bytes(finished: Run, tmp_path: Path) -> None:
    """Saved twice, and saved after loading, a model is the same file."""
    classifier = finished.classifiers["pca"]
    classifier.save(tmp_path / "one.safetensors")
    Classifier.load(tmp_path / "one.safetensors").save(tmp_path / "two.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (
        tmp_path / "two.safetensors"
    ).read_bytes()


def test_the_card_tells_what_the_file_is(finished: Run, tmp_path: Path) -> None:
    """Any safetensors reader finds the card; its figures are those of the run."""
    finished.classifiers["hvg"].save(tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", framework="numpy") as file:
        card = json.loads(file.metadata()["scbaseline"])
    assert card["labels"] == ["type 0", "type 1", "type 2"]
    assert card["tier"] == "T1"
    accuracy = next(row for row in card["metrics"] if row["metric"] == "accuracy")
    score = finished.evidence.score("inductive", "hvg", "accuracy")
    assert score is not None
    assert (accuracy["value"], accuracy["n"]) == (score.value, score.n)
    assert card["data"]["fingerprint"] == finished.data.fingerprint


def test_gene_order_does_not_matter(finished: Run) -> None:
    """A query with its genes in another order gets the same probabilities."""
    query = finished.cells.adata
    shuffled = query[:, np.random.default_rng(0).permutation(query.n_vars)].copy()
    classifier = finished.classifiers["pca"]
    np.testing.assert_allclose(
        classifier.probabilities(shuffled), classifier.probabilities(query), atol=1e-6
    )


@pytest.mark.parametrize("recipe", ["pca", "hvg", "robust"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("n_missing", [0, 7])
def test_the_sparse_path_is_the_module(
    recipe: str, share: float, n_missing: int, finished: Run
) -> None:
    """Few or many non-zeros, genes missing or not: predictions follow ``forward`` to 1e-5."""
    classifier, rng = finished.classifiers[recipe], np.random.default_rng(0)
    n_genes = len(classifier.card.gene_symbols)
    counts_ng = rng.poisson(2.0, size=(50, n_genes)) * (rng.random((50, n_genes)) < share)
    missing_g = np.arange(n_genes) < n_missing
    counts_ng[:, missing_g] = 0
    counts_ng[0] = 0  # a cell without counts
    total_n = torch.from_numpy(counts_ng.sum(axis=1).astype(np.float32))
    full_ng = np.where(missing_g, np.nan, counts_ng).astype(np.float32)
    with torch.inference_mode():
        expected = classifier(torch.from_numpy(full_ng), total_n)
        counts = sparse.csr_matrix(counts_ng, dtype=np.float32)
        x_ng = classifier.front.sparse(counts, total_n, missing_g=missing_g)
        seen = torch.softmax(classifier.network(x_ng) / classifier.temperature, dim=1)
    torch.testing.assert_close(seen, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_gpu_computes_what_the_sparse_path_does(recipe: str, finished: Run) -> None:
    """In chunks of 16 cells: equal to 1e-5 on the CPU; on ``meta``, nothing is left behind."""
    classifier, cells = finished.classifiers[recipe], finished.cells.adata
    found = stream_counts(cells).alignment(*classifier.card.genes)
    (block,) = stream_counts(cells).model_blocks(found)
    total_n = torch.from_numpy(block.total_n.astype(np.float32))
    missing_g = np.arange(len(found.columns)) % 9 == 0
    counts_ng = sparse.csr_matrix(block.counts_ng.toarray() * ~missing_g)
    meta, most_values = torch.device("meta"), 16 * len(missing_g)
    with torch.inference_mode():
        expected = answers_on(torch.device("cpu"), classifier, missing_g)(counts_ng, total_n)
        dense = DenseServer.sent(
            classifier, missing_g, torch.device("cpu"), most_values=most_values
        )
        computed = dense(counts_ng, total_n)
        shapes = DenseServer.sent(classifier, missing_g, meta, most_values=most_values)
        with OneDevice(meta):
            last_nk, _ = list(shapes.chunks(counts_ng, total_n))[-1]
    np.testing.assert_allclose(computed.probability_nk, expected.probability_nk, atol=1e-5)
    assert last_nk.device == meta


def test_missing_genes_are_said(finished: Run) -> None:
    """A query that lacks genes of the model brings a warning with what they carried."""
    lacking = finished.cells.adata[:, 30:].copy()
    with pytest.warns(ScbaselineWarning, match=r"genes, which carry \d+ % of its decisions"):
        finished.classifiers["pca"].predict(lacking, force=True)


def test_too_few_genes_are_refused_unless_forced(finished: Run) -> None:
    """Where genes tell no more than the largest label does, a prediction must be insisted on."""
    query, classifier = finished.cells.adata, finished.classifiers["pca"]
    # As if one label had nearly all cells.
    classifier = classifier.changed(majority_f1=0.6)
    lacking = query[:, 140:].copy()
    with pytest.raises(InputError, match="--force"):
        classifier.predict(lacking)
    with pytest.warns(ScbaselineWarning, match="carry"):
        assert len(classifier.predict(lacking, force=True)) == query.n_obs


def test_a_gene_that_was_not_measured_takes_its_training_mean(finished: Run) -> None:
    """It equals standardising by hand, with the training mean in place of missing genes."""
    classifier, query = finished.classifiers["hvg"], finished.cells.adata
    space = fit_of(finished).space
    assert space is not None
    total_n = query.obs[keys.TOTAL_COUNTS].to_numpy()
    x_ng = space.scale(finished.cells.counts).dense()
    x_ng[:, :30] = space.center_g[:30]
    with torch.inference_mode():
        logits_nk = classifier.network(torch.from_numpy(x_ng)) / classifier.temperature
    query = check_counts(query)
    query.obs["depth"] = total_n
    query.uns[keys.PROVENANCE]["total_key"] = "depth"
    lacking = query[:, np.delete(np.arange(query.n_vars), space.genes_g[:30])].copy()
    with pytest.warns(ScbaselineWarning, match="30 of the model's 60 genes"):
        probabilities_nk = classifier.probabilities(lacking, force=True)
    np.testing.assert_allclose(probabilities_nk, logits_nk.softmax(1).numpy(), atol=1e-5)


def test_an_empty_cell_gets_no_label(finished: Run) -> None:
    """A cell without counts is not given the label of a cell with none of the genes."""
    query: AnnData = finished.cells.adata.copy()
    query.X.data[query.X.indptr[3] : query.X.indptr[4]] = 0
    predicted = finished.classifiers["pca"].predict(query)
    assert predicted["predicted_label"].isna().to_numpy().nonzero()[0].tolist() == [3]


def test_from_disk_is_as_from_memory(finished: Run, tmp_path: Path) -> None:
    """Streamed from a file in blocks: the same labels, and probabilities to 1e-6."""
    query = finished.cells.adata
    query.write_h5ad(tmp_path / "query.h5ad")
    classifier = finished.classifiers["hvg"]
    with open_counts(tmp_path / "query.h5ad") as backed:
        streamed = pd.concat(classifier.predict_stream(stream_counts(backed), probabilities=True))
    in_memory = classifier.predict(query, probabilities=True)
    assert streamed["predicted_label"].equals(in_memory["predicted_label"])
    numbers = [name for name in streamed if name.startswith("probability")]
    np.testing.assert_allclose(streamed[numbers], in_memory[numbers], atol=1e-6)


def test_blocks_do_not_matter(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predicting seven cells at a time changes nothing."""
    from scbaseline.data import blocks

    whole = finished.classifiers["hvg"].probabilities(finished.cells.adata)
    monkeypatch.setattr(blocks, "_SPARSE_ROWS", 7)
    blocked = finished.classifiers["hvg"].probabilities(finished.cells.adata)
    np.testing.assert_allclose(blocked, whole, atol=1e-6)


@pytest.fixture
def model_file(finished: Run, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    finished.classifiers["pca"].save(path)
    return path


def test_a_missing_model_is_said(tmp_path: Path) -> None:
    """No file, no traceback: an error of ours."""
    with pytest.raises(DataNotFoundError, match="no such model file"):
        Classifier.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("share", np.arange(0, 1, 0.05).round(2))
def test_a_truncated_model_is_refused(share: float, model_file: Path) -> None:
    """Cut anywhere, the file is an error, never a model."""
    content = model_file.read_bytes()
    model_file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelFileError):
        Classifier.load(model_file)


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_a_damaged_weight_is_noticed(value: float, model_file: Path) -> None:
    """One changed number in the tensors is an error, not another prediction."""
    with safe_open(model_file, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = file.metadata()
    tensors["front.mean_g"][3] = value
    save_file(tensors, model_file, metadata=header)
    with pytest.raises(ModelFileError, match="damaged"):
        Classifier.load(model_file)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    """Tensors without a card are somebody else's."""
    save_file({"weight": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelFileError, match="not a model of scbaseline"):
        Classifier.load(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 99},
        {"labels": ["one"]},
        {"gene_symbols": []},
        {"recipe": {"settings": {"hidden": [10**9], "dropout": 0.0}}},
        {"recipe": 3},
        {"unknown": 1, "labels": None},
    ],
    ids=str,
)
def test_a_card_that_does_not_fit_is_refused(change: dict, model_file: Path) -> None:
    """Claims that the tensors do not bear out are refused, whatever size they claim."""
    with safe_open(model_file, framework="pt") as file:
        card = json.loads(file.metadata()["scbaseline"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, value in change.items():
        both = isinstance(value, dict) and isinstance(card.get(name), dict)
        card[name] = {**card[name], **value} if both else value
    save_file(tensors, model_file, metadata={"scbaseline": json.dumps(card)})
    with pytest.raises(ModelFileError):
        Classifier.load(model_file)


def test_published_weights_are_never_saved(finished: Run) -> None:
    """The classifiers handed out are those of the protocol whose figures are on their cards."""
    for classifier in finished.classifiers.values():
        assert classifier.card.protocol == "inductive"
    published = fit_of(finished, saves_models=False)
    assert published.space is None
    assert all(fitted.learnt is None for fitted in published.recipes.values())
