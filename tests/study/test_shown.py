"""Claims about what Python shows of each result, and about settings given as keywords."""

from typing import Any

import pytest
from conftest import SMALL, simulate

import scbaseline as sb
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError
from scbaseline.study.evaluate import LabelMap

RECIPE = "nearest-centroid"


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """Return one result of each command, on labels whose name is markup."""
    adata = simulate()
    adata.obs["cell_type"] = adata.obs["cell_type"].replace("type 0", "<b>type 0</b>")
    given = {"label_key": "cell_type", "folds": 2, "repeats": 1}
    training = sb.train(adata, SMALL, recipe=RECIPE, **given)
    query = simulate(seed=1)
    config = sb.RunConfig(label_key="cell_type", n_bootstrap=100)
    return {
        "Run": sb.run(adata, SMALL, draws=1),
        "Audit": sb.audit(adata, SMALL, recipe=[RECIPE], null_draws=1, **given),
        "Training": training,
        "Evaluation": sb.evaluate(
            training.classifier, stream_counts(query), config, label_map=LabelMap({}, {})
        ),
        "Predictions": sb.predict(query, training.classifier),
        "Classifier": training.classifier,
        "ModelCard": training.classifier.card,
    }


@pytest.mark.parametrize(
    "name", ["Run", "Audit", "Training", "Evaluation", "Predictions", "Classifier", "ModelCard"]
)
def test_a_repr_is_short(results: dict[str, Any], name: str) -> None:
    """At most twenty lines, none of which a screen breaks more than once."""
    lines = repr(results[name]).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) < 160
    assert type(results[name]).__name__ == name


@pytest.mark.parametrize("name", ["Run", "Audit", "Training", "Evaluation", "Predictions"])
def test_a_notebook_shows_the_summary(results: dict[str, Any], name: str) -> None:
    """A table as HTML, in which names from the data are text, not markup."""
    html = results[name]._repr_html_()
    assert "<table" in html
    assert "<b>" not in html
    assert ("&lt;b&gt;type 0" in html) == (name == "Predictions")


@pytest.mark.parametrize("name", ["Run", "Audit", "Training", "Evaluation"])
def test_a_summary_holds_the_scores_over_all_labels(results: dict[str, Any], name: str) -> None:
    """Each row of the evidence that is about no single label, once."""
    rows = getattr(results[name], "evidence", results[name]).rows
    expected = {(r.protocol, r.recipe, r.metric): r.value for r in rows if r.label is None}
    shown = results[name].summary()["value"].to_dict()
    poorer = {key for key in shown if "," in key[0]}  # of training: on poorer counts, too
    assert {key: value for key, value in shown.items() if key not in poorer} == expected
    assert bool(poorer) == (name == "Training")


def test_keywords_are_settings() -> None:
    """A keyword is what the same field of the configuration is, and wins over it."""
    config = sb.RunConfig(label_key="other", recipe=("pca",))
    chosen = sb.run(simulate(), config, **_keywords(label_key="cell_type", recipe=RECIPE)).config
    assert (chosen.label_key, chosen.recipe) == ("cell_type", (RECIPE,) + chosen.recipe[1:])
    assert chosen.protocol == ("inductive",)


@pytest.mark.parametrize("command", [sb.run, sb.audit, sb.train])
def test_an_unknown_keyword_is_refused_with_the_nearest(command: Any) -> None:
    """Before anything is computed."""
    with pytest.raises(ConfigError, match=r"min_gene: is not a setting\. Did you mean min_genes"):
        command(simulate(n_cells=5), min_gene=3)


def _keywords(**more: Any) -> dict[str, Any]:
    small = {name: getattr(SMALL, name) for name in ("min_genes", "n_top_genes", "n_comps")}
    return {**small, "n_pcs": 10, "min_cells": 1, "threads": 1, "protocol": "inductive", **more}
