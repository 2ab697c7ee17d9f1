"""Claims about ONNX files: they compute what torch computes, and say what they are."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import SMALL, simulate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scbaseline import Classifier, check_counts, export_onnx, keys, read_counts, train
from scbaseline.cli import main
from scbaseline.data.genes import align_genes, aligned_counts
from scbaseline.errors import ConfigError, OutputError
from scbaseline.model.export import CARD, OPSET, OUTPUTS, inverse_by_elimination

pytestmark = pytest.mark.xdist_group("export")  # its module fixtures are costly

MODELS = ("hvg-earlystop", "pca", "logistic", "robust", "pbmc")
EVERY_PATTERN = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Exported:
    """A classifier, its file, and a session that runs it."""

    def __init__(self, model: str, folder: Path) -> None:
        config = dataclasses.replace(SMALL, label_key="cell_type", folds=2, recipe=(model,))
        cells = check_counts(simulate())
        self.classifier = (
            Classifier.load(model) if model == "pbmc" else train(cells, config).classifier
        )
        self.path = folder / f"{model}.onnx"
        export_onnx(self.classifier, self.path)
        self.session = onnxruntime.InferenceSession(self.path)

    def counts(self, seed: int, n_cells: int = 12) -> np.ndarray:
        """Draw counts of the model's genes, of depths from 30 to 30,000."""
        rng, classifier = np.random.default_rng(seed), self.classifier
        n_genes = len(classifier.card.gene_symbols)
        share_kg = rng.dirichlet(np.full(n_genes, 0.3), 3)
        if classifier.unknown is not None:
            share_kg = classifier.unknown.share_kg.numpy()
        depth_n = 10 ** rng.uniform(1.5, 4.5, n_cells)
        rate_ng = share_kg[rng.integers(len(share_kg), size=n_cells)] * depth_n[:, None]
        return rng.poisson(rate_ng).astype(np.float32)

    def of_file(self, counts_ng: np.ndarray, total_n: np.ndarray) -> list[np.ndarray]:
        """Return what onnxruntime computes."""
        return self.session.run(None, {"counts": counts_ng, "total": total_n})

    def of_torch(
        self, counts_ng: np.ndarray, total_n: np.ndarray, missing_g: np.ndarray
    ) -> list[np.ndarray]:
        """Return what the classifier and its unknown score compute."""
        counts, total = torch.from_numpy(counts_ng), torch.from_numpy(total_n)
        with torch.inference_mode():
            probability_nk = self.classifier(counts, total)
            if (unknown := self.classifier.unknown) is None:
                return [probability_nk.numpy()]
            score_n = unknown(
                self.classifier.front(counts, total), probability_nk.argmax(dim=1),
                counts.nan_to_num(), unknown.ruler(torch.from_numpy(missing_g)),
            )  # fmt: skip
        return [probability_nk.numpy(), score_n.numpy()]


@pytest.fixture(scope="module", params=MODELS)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Each kind of model, in ONNX."""
    return Exported(request.param, tmp_path_factory.mktemp("onnx"))


@EVERY_PATTERN
@given(seed=st.integers(0, 2**32 - 1), missing=st.floats(0, 0.98))
def test_the_file_computes_what_torch_computes(
    exported: Exported, seed: int, missing: float
) -> None:
    """To 1e-5, whichever genes are missing: probabilities, and scores of a clear label.

    Scores are no shares, and may be large: of them, 1e-5 is absolute plus relative.
    """
    counts_ng = exported.counts(seed)
    total_n = counts_ng.sum(axis=1) + 1
    missing_g = np.random.default_rng(seed).random(counts_ng.shape[1]) < missing
    counts_ng[:, missing_g] = np.nan
    expected = exported.of_torch(counts_ng, total_n, missing_g)
    computed = exported.of_file(counts_ng, total_n)
    assert len(computed) == len(expected)
    np.testing.assert_allclose(computed[0], expected[0], atol=1e-5)
    # Where two labels tie, either may be the predicted one, whose profile the score looks at.
    first_nk = np.sort(expected[0], axis=1)[:, ::-1]
    clear_n = first_nk[:, 0] - first_nk[:, 1] > 1e-4
    for a, b in zip(computed[1:], expected[1:], strict=True):
        np.testing.assert_allclose(a[clear_n], b[clear_n], atol=1e-5, rtol=1e-5)


@EVERY_PATTERN
@given(seed=st.integers(0, 2**32 - 1))
def test_cells_that_lack_different_genes_get_probabilities_alone(
    exported: Exported, seed: int
) -> None:
    """Each cell's probabilities are torch's; the score is NaN, since it is not defined there."""
    counts_ng = exported.counts(seed)
    total_n = counts_ng.sum(axis=1) + 1
    counts_ng[np.random.default_rng(seed).random(counts_ng.shape) < 0.3] = np.nan
    computed = exported.of_file(counts_ng, total_n)
    nothing_g = np.zeros(counts_ng.shape[1], dtype=bool)
    expected = exported.of_torch(counts_ng, total_n, nothing_g)
    np.testing.assert_allclose(computed[0], expected[0], atol=1e-5)
    assert all(np.isnan(score_n).all() for score_n in computed[1:])


def test_a_cell_without_counts_gets_nothing(exported: Exported) -> None:
    """As from predict: NaN for it, and for no other cell."""
    counts_ng = exported.counts(0)
    counts_ng[3] = 0
    for values in exported.of_file(counts_ng, counts_ng.sum(axis=1)):
        assert np.isnan(values[3]).all()
        assert np.isfinite(np.delete(values, 3, axis=0)).all()


def test_the_file_says_what_it_is(exported: Exported) -> None:
    """The card in its metadata, one opset, named inputs and outputs, no path of this machine."""
    model = onnx.load(exported.path)
    card = {entry.key: entry.value for entry in model.metadata_props}[CARD]
    assert card == exported.classifier.card.to_json()
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    n_outputs = 1 + (exported.classifier.unknown is not None)
    assert [value.name for value in exported.session.get_outputs()] == list(OUTPUTS[:n_outputs])
    assert [value.name for value in exported.session.get_inputs()] == ["counts", "total"]
    assert str(Path.cwd()).encode() not in exported.path.read_bytes()


def test_equal_models_give_equal_files(exported: Exported, tmp_path: Path) -> None:
    """Byte for byte."""
    export_onnx(exported.classifier, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == exported.path.read_bytes()


def test_the_shipped_model_labels_pbmc3k_alike(test_data: Path, tmp_path: Path) -> None:
    """From real cells, the file gives predict's probabilities and scores."""
    adata = read_counts(test_data / "pbmc3k/pbmc3k_raw.h5ad")
    classifier = Classifier.load("pbmc")
    export_onnx("pbmc", tmp_path / "pbmc.onnx")
    table = classifier.predict(adata, probabilities=True)
    found = align_genes(classifier.card.gene_symbols, classifier.card.gene_ids, adata.var)
    counts_ng = aligned_counts(adata.X.tocsr(), found).toarray().astype(np.float32)
    counts_ng[:, found.columns < 0] = np.nan
    total_n = np.asarray(adata.X.sum(axis=1), dtype=np.float32).ravel()
    session = onnxruntime.InferenceSession(tmp_path / "pbmc.onnx")
    probability_nk, score_n = session.run(None, {"counts": counts_ng, "total": total_n})
    columns = [f"{keys.PROBABILITY}_{label}" for label in classifier.card.labels]
    np.testing.assert_allclose(probability_nk, table[columns], atol=1e-5)
    np.testing.assert_allclose(score_n, table[keys.UNKNOWN_SCORE], atol=1e-5)


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 40))
def test_elimination_inverts(seed: int, size: int) -> None:
    """Several matrices at once, as numpy does."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(3, size, size + 1))
    matrix = root @ root.swapaxes(1, 2) + 0.01 * np.eye(size)
    inverse = inverse_by_elimination(torch.from_numpy(matrix)).numpy()
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-6, atol=1e-8)


def test_the_command_writes_and_replaces_only_its_own(tmp_path: Path) -> None:
    """A file of ours is replaced, a stranger's with --overwrite alone, another ending never."""
    out = tmp_path / "model.onnx"
    words = ["export", "pbmc", "--to", "onnx", "--out", str(out)]
    assert main(words) == 0
    assert main(words) == 0
    onnx.save(onnx.ModelProto(), out)
    stranger = out.read_bytes()
    assert main(words) == 1
    assert out.read_bytes() == stranger
    assert main([*words, "--overwrite"]) == 0
    assert main([*words[:-1], str(tmp_path / "model.pb")]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Nothing is left behind."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"):
        export_onnx("pbmc", tmp_path / "file/model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_onnx_one_reads_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ConfigError, match=r"pip install 'scbaseline\[onnx\]'"):
        export_onnx("pbmc", tmp_path / "model.onnx")
