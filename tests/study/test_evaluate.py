"""Claims about evaluation on another study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import SMALL, simulate
from scipy import sparse
from sklearn.metrics import accuracy_score, f1_score

from scbaseline import Classifier, RunConfig, train
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError, InputError
from scbaseline.study.evaluate import compare_labels, evaluate
from scbaseline.study.label_map import LabelMap

pytestmark = pytest.mark.xdist_group("evaluate")
CONFIG = RunConfig(label_key="cell_type", n_bootstrap=100)
NONE = LabelMap({}, {})


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    import dataclasses

    config = dataclasses.replace(SMALL, label_key="cell_type", recipe=("hvg",), folds=3)
    return train(simulate(), config).classifier


def test_figures_are_those_of_the_predictions(classifier: Classifier) -> None:
    """Accuracy and macro-F1 equal scikit-learn's on predictions made by hand."""
    query = simulate(seed=0, n_cells=300)
    result = evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)
    predicted = classifier.predict(query)["predicted_label"]
    true = query.obs["cell_type"].astype(str)
    assert result.scorecard.score("accuracy").value == accuracy_score(true, predicted)
    assert result.scorecard.score("f1_macro").value == pytest.approx(
        f1_score(true, predicted, average="macro")
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cells_are_predicted_where_the_settings_say(classifier: Classifier) -> None:
    """A GPU that is not there is asked for, and missed."""
    query = stream_counts(simulate(n_cells=200))
    with pytest.raises(ConfigError, match="finds no GPU; use --device cpu or auto"):
        evaluate(classifier, query, replace(CONFIG, device="cuda"), label_map=NONE)


def test_counts_that_the_check_kept_are_not_read_again(classifier: Classifier) -> None:
    """With an empty matrix, a stream that kept the model's genes is judged as ever."""
    query = simulate(seed=0, n_cells=200)
    kept = stream_counts(query, model_genes=classifier.card.genes)
    emptied = replace(kept, _matrix=sparse.csr_matrix(query.shape))
    result = evaluate(classifier, emptied, CONFIG, label_map=NONE)
    expected = evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)
    pd.testing.assert_frame_equal(result.cells, expected.cells)


def test_labels_without_a_counterpart_are_left_out_and_counted(classifier: Classifier) -> None:
    """A type that the model does not know is not held against it."""
    query = simulate(n_cells=250)
    query.obs["cell_type"] = query.obs["cell_type"].astype(str).replace({"type 2": "platelet"})
    query.obs.iloc[:5, query.obs.columns.get_loc("cell_type")] = None
    result = evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)
    n_platelets = int((query.obs["cell_type"] == "platelet").sum())
    assert result.match.left_out == {"platelet": n_platelets}
    assert result.n_unlabelled == 5
    assert result.scorecard.score("accuracy").n == 250 - 5 - n_platelets
    assert result.scorecard.score("support", "type 2").n == 0


def test_labels_that_are_cut_short_end_in_an_ellipsis(classifier: Classifier) -> None:
    """Five of more are named; that there are more is seen."""
    query = simulate(n_cells=180)
    query.obs["cell_type"] = [f"other {i % 9}" for i in range(180)]
    said = r"\(other 0, .*, other 4, …\) .*\(type 0, type 1, type 2\)"
    with pytest.raises(InputError, match=said):
        evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)


def test_a_map_brings_both_sides_to_one_set(classifier: Classifier) -> None:
    """Query labels are renamed, model labels merged, and unlisted query labels left out."""
    query = simulate(n_cells=250)
    query.obs["cell_type"] = query.obs["cell_type"].astype(str).str.upper()
    merged = LabelMap(
        {"TYPE 0": "low", "TYPE 1": "low"}, {"type 0": "low", "type 1": "low", "type 2": "high"}
    )
    result = evaluate(classifier, stream_counts(query), CONFIG, label_map=merged)
    assert result.scorecard.labels == ("low", "high")
    assert list(result.match.left_out) == ["TYPE 2"]
    predicted = classifier.predict(query)["predicted_label"]
    judged = (query.obs["cell_type"] != "TYPE 2").to_numpy()
    expected = predicted[judged].isin(["type 0", "type 1"]).mean()
    assert result.scorecard.score("accuracy").value == pytest.approx(expected)


def test_the_training_data_are_no_other_study(classifier: Classifier) -> None:
    """No tier for cells that the model was trained on, however they are labelled or named."""
    query = simulate()
    query.obs = query.obs.assign(cell_type="type 0").set_index(query.obs_names + "-again")
    with pytest.raises(InputError, match=r"fingerprint.*another study are wanted.*show MODEL"):
        evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)


def test_other_cells_of_the_same_shape_are_judged(classifier: Classifier) -> None:
    """The counts decide, not their number."""
    query = simulate(seed=7)
    result = evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)
    assert result.tier == "T4"


def test_nothing_in_common_is_an_error(classifier: Classifier) -> None:
    """Labels of which the model has none are refused, and the way out is named."""
    query = simulate(n_cells=250)
    query.obs["cell_type"] = "neuron"
    with pytest.raises(InputError, match="--label-map"):
        evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE)


def test_a_map_to_an_unknown_label_is_an_error(classifier: Classifier) -> None:
    """A mistyped target is answered with the label that was meant."""
    with pytest.raises(InputError, match="Did you mean type 0"):
        evaluate(
            classifier,
            stream_counts(simulate(n_cells=250)),
            CONFIG,
            label_map=LabelMap({"x": "type0"}, {}),
        )


def test_near_names_of_left_out_labels_are_handed_back(classifier: Classifier) -> None:
    """A label that differs in punctuation is left out, named with its cells, and suggested."""
    query = simulate(n_cells=250)
    names = query.obs["cell_type"].astype(str)
    query.obs["cell_type"] = names.replace({"type 2": "Type-2 cells", "type 1": "plasma"})
    match = evaluate(classifier, stream_counts(query), CONFIG, label_map=NONE).match
    assert match.left_out == dict(query.obs["cell_type"].value_counts()[[*match.left_out]])
    assert set(match.left_out) == {"Type-2 cells", "plasma"}
    assert match.share_left_out == pytest.approx((names != "type 0").mean())
    assert [near.name for near in match.suggestions["Type-2 cells"]] == ["type 2"]
    assert "plasma" not in match.suggestions


def test_where_nothing_matches_near_names_are_said(classifier: Classifier) -> None:
    """The error names them, and the draft can be had without a prediction."""
    query = simulate(n_cells=250)
    query.obs["cell_type"] = query.obs["cell_type"].astype(str).str.upper()
    stream = stream_counts(query)
    with pytest.raises(InputError, match=r"TYPE 0 → type 0.*--label-map-draft"):
        evaluate(classifier, stream, CONFIG, label_map=NONE)
    assert compare_labels(classifier, stream, CONFIG, label_map=NONE).n_left_out == 250


def test_the_model_for_use_is_trained_on_every_label(classifier: Classifier) -> None:
    """Its card says that its figures are of a cross-validation, on all labelled cells."""
    accuracy = next(row for row in classifier.card.metrics if row["metric"] == "accuracy")
    assert accuracy["n"] == 240
    assert "3-fold cross-validation" in classifier.card.judged
    assert classifier.card.gene_loss[0]["lost"] == 0
    np.testing.assert_allclose(classifier.weight_kg.sum(dim=1).numpy(), 1, rtol=1e-5)
