"""The figure of an audit: each score where the evidence has it."""

from dataclasses import replace

import pytest
from conftest import SMALL, simulate
from drawing import drawn, lines, texts, words

from scbaseline.learn.recipes import FLOOR, RECIPES, REFERENCE
from scbaseline.report.figures.ladder import ladder_figure
from scbaseline.study.audit import audit
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.results import Audit


@pytest.fixture(scope="module")
def result() -> Audit:
    """Return an audit of one recipe."""
    config = replace(SMALL, recipe=("pca",), folds=2, repeats=1, null_draws=1)
    return audit(simulate(), replace(config, protocol=("inductive", "thinned", "null-thinned")))


def test_every_score_stands_at_its_height(result: Audit) -> None:
    """Recipes as dots, the floor and structureless counts as lines."""
    evidence = result.evidence
    figure = drawn(ladder_figure(evidence, result.config, label_source="clusters"))
    (ax,) = figure.axes
    for protocol, recipe in (
        ("inductive", "pca"), ("thinned", REFERENCE), ("thinned", FLOOR),
        ("null-thinned", REFERENCE),
    ):  # fmt: skip
        (line,) = lines(ax, f"{protocol}-{recipe}")
        assert line.get_ydata()[0] == pytest.approx(
            evidence.score(protocol, recipe, "accuracy").value
        )
    written = words(figure)
    assert RECIPES[FLOOR].title in written
    assert f"{REFERENCE} on structureless counts" in written
    assert "2 folds × 1 repeat, labels: clusters" in " ".join(written.split())
    for protocol in ("inductive", "thinned"):
        assert PROTOCOLS[protocol].axis in written


def test_the_title_is_the_finding(result: Audit) -> None:
    """It says what the numbers say, and an arrow shows a fall."""
    protocols = result.evidence.protocols
    low, high = sorted(
        (protocols[name].scorecards for name in ("inductive", "thinned")),
        key=lambda cards: cards["pca"].score("accuracy").value,
    )
    for first, last, expected in ((high, low, "Accuracy falls from"), (low, high, "does not fall")):
        evidence = replace(
            result.evidence,
            protocols={
                "inductive": replace(protocols["inductive"], scorecards=first),
                "thinned": replace(protocols["thinned"], scorecards=last),
            },
        )
        figure = drawn(ladder_figure(evidence, result.config, label_source="clusters"))
        (title,) = texts(figure, "title")
        assert expected in " ".join(title.get_text().split())
        assert ("points\n" in words(figure)) == ("falls" in expected)
