"""The figure of an audit: each score where the evidence has it."""

from dataclasses import replace

import pytest
from conftest import SMALL, simulate
from drawing import drawn, lines, words

from scbaseline.learn.recipes import FLOOR, RECIPES, REFERENCE
from scbaseline.report.figures.ladder import ladder_figure
from scbaseline.study.audit import audit


def test_every_score_stands_at_its_height() -> None:
    """Recipes as dots, the floor and structureless counts as lines, of both metrics."""
    config = replace(SMALL, recipe=("pca",), folds=2, repeats=1, null_draws=1)
    result = audit(simulate(), replace(config, protocol=("inductive", "thinned", "null-thinned")))
    evidence = result.evidence
    figure = drawn(ladder_figure(evidence, result.config, label_source="clusters"))
    for ax, metric in zip(figure.axes, ("accuracy", "kappa"), strict=True):
        for protocol, recipe in (
            ("inductive", "pca"), ("thinned", REFERENCE), ("thinned", FLOOR),
            ("null-thinned", REFERENCE),
        ):  # fmt: skip
            (line,) = lines(ax, f"{protocol}-{recipe}")
            score = evidence.score(protocol, recipe, metric)
            assert line.get_ydata()[0] == pytest.approx(score.value)
    written = words(figure)
    assert RECIPES[FLOOR].title in written
    assert "2 folds × 1 repeat, labels: clusters" in " ".join(written.split())
