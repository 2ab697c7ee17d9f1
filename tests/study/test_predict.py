"""Claims about labelling cells from Python: predict, annotate, and what they leave alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse

import scbaseline as sb
from scbaseline import Classifier
from scbaseline.errors import ConfigError, InputError, ScbaselineWarning


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Return a small model."""
    settings = {"label_key": "cell_type", "recipe": "nearest-centroid", "folds": 2}
    return sb.train(simulate(), SMALL, **settings).classifier


def test_what_is_left_out_is_said_in_python(classifier: Classifier) -> None:
    """Spike-ins enter no total, and genes without a name no model: a warning names both."""
    query = simulate(seed=1)
    expected = classifier.predict(query)
    names = [*query.var_names, "ERCC-00002", "nan"]
    more = sparse.csr_matrix(np.full((query.n_obs, 2), [9.0, 0.0]))
    query = AnnData(
        sparse.hstack([query.X, more], format="csr"), obs=query.obs, var=pd.DataFrame(index=names)
    )
    with pytest.warns(ScbaselineWarning) as warned:
        table = sb.predict(query, classifier).table
    said = " ".join(str(warning.message) for warning in warned)
    assert "1 rows were left out: spike-ins (ERCC-00002)" in said
    assert "1 genes have no name ('nan')" in said
    pd.testing.assert_frame_equal(table, expected)


def test_a_model_has_no_gene_without_a_name() -> None:
    """The best markers have none: others are chosen, in memory as from disk."""
    adata = simulate(seed=2)
    adata.var_names = ["nan"] * 12 + list(adata.var_names[12:])
    for recipe in ("nearest-centroid", "robust"):
        settings = {"label_key": "cell_type", "recipe": recipe, "folds": 2}
        training = sb.train(adata, SMALL, **settings)
        symbols, _ = training.classifier.card.genes
        assert len(symbols) > 10
        assert not [name for name in symbols if name.startswith("nan")]


def same(left: AnnData, right: AnnData) -> bool:
    """Whether two AnnData have the same columns, slots and counts."""
    return left.obs.equals(right.obs) and list(left.uns) == list(right.uns)


@pytest.mark.parametrize("place", ["layer", "raw"])
def test_counts_are_taken_from_where_the_caller_says(classifier: Classifier, place: str) -> None:
    """A layer or raw gives what the same counts in X give."""
    query = simulate(seed=1)
    expected = classifier.predict(query)
    elsewhere = query.copy()
    elsewhere.layers["counts"] = query.X.copy()
    elsewhere.raw = query
    elsewhere.X = elsewhere.X * 0.37
    options = {"layer": "counts"} if place == "layer" else {"use_raw": True}
    pd.testing.assert_frame_equal(classifier.predict(elsewhere, **options), expected)
    with pytest.raises(InputError, match="Did you mean counts"):
        classifier.predict(elsewhere, layer="count")


def test_annotate_writes_the_predictions_in_place(classifier: Classifier, tmp_path: Path) -> None:
    """The columns of its docstring, and nothing else; a model's path does, too."""
    query = simulate(seed=1)
    before, expected = query.copy(), classifier.predict(query)
    classifier.save(tmp_path / "model.safetensors")
    assert sb.annotate(query, tmp_path / "model.safetensors") is None
    added = [name for name in query.obs if name not in before.obs]
    assert added == ["scbaseline", "scbaseline_probability", "scbaseline_prediction_set"]
    assert list(query.obs["scbaseline"]) == list(expected["predicted_label"])
    assert query.obs["scbaseline"].dtype == "category"
    np.testing.assert_array_equal(query.obs["scbaseline_probability"], expected["probability"])
    assert query.uns["scbaseline_predictions"]["scbaseline"]["recipe"] == "nearest-centroid"
    assert query.obs[list(before.obs)].equals(before.obs)
    assert (query.X != before.X).nnz == 0
    query.write_h5ad(tmp_path / "annotated.h5ad")


def test_annotate_replaces_its_own_columns_only(classifier: Classifier) -> None:
    """A column of the user's stays, unless overwrite says otherwise; our own is made anew."""
    query = simulate(seed=1)
    query.obs["mine_probability"] = 1.0
    before = query.copy()
    with pytest.raises(InputError, match="'mine_probability' that scbaseline did not write"):
        sb.annotate(query, classifier, key_added="mine")
    assert same(query, before)
    sb.annotate(query, classifier, key_added="mine", overwrite=True)
    sb.annotate(query, classifier, key_added="mine")
    sb.annotate(query, classifier, key_added="other", probabilities=True)
    assert len(query.uns["scbaseline_predictions"]) == 2
    assert "other_probability_type 0" in query.obs


def test_annotate_writes_nothing_where_it_fails(classifier: Classifier) -> None:
    """Values that are no counts, and names that no column can have, leave the input as it was."""
    query = simulate(seed=1)
    query.X = query.X * 0.37
    before = query.copy()
    with pytest.raises(InputError):
        sb.annotate(query, classifier)
    with pytest.raises(ConfigError, match="key_added: 'a/b'"):
        sb.annotate(query, classifier, key_added="a/b")
    assert same(query, before)


def test_annotate_takes_a_view(classifier: Classifier) -> None:
    """A subset becomes data of its own; what it was taken from stays as it was."""
    query = simulate(seed=1)
    subset = query[:50]
    sb.annotate(subset, classifier)
    assert subset.obs["scbaseline"].notna().all()
    assert "scbaseline" not in query.obs


def test_predictions_belong_to_their_cells(classifier: Classifier) -> None:
    """They are joined to a copy of the query, and to no other cells."""
    query = simulate(seed=1)
    predictions = sb.predict(query, classifier)
    annotated = predictions.to_adata(query)
    assert list(annotated.obs["scbaseline"]) == list(predictions.table["predicted_label"])
    assert "scbaseline" not in query.obs
    assert predictions.summary()["cells"].sum() == 240
    with pytest.raises(InputError, match="not the 240 predicted ones"):
        predictions.to_adata(query[::-1])


def test_what_is_no_adata_and_no_model_is_refused(classifier: Classifier) -> None:
    """The error says what was given, and how to get what is wanted."""
    for call in (sb.predict, sb.annotate):
        with pytest.raises(ConfigError, match="adata: str was given; pass an AnnData"):
            call("cells.h5ad", classifier)
        with pytest.raises(ConfigError, match="model: NoneType was given"):
            call(simulate(), None)
    with pytest.raises(ConfigError, match="key_added: 3"):
        sb.annotate(simulate(), classifier, key_added=3)
    with pytest.raises(ConfigError, match="reject_known: 'x'"):
        sb.predict(simulate(), classifier, reject_known="x")
