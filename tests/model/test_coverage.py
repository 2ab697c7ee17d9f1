"""Claims about gene coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score

from scbaseline.errors import InputError, ScbaselineWarning
from scbaseline.model.coverage import (
    LOST,
    Coverage,
    assess_coverage,
    measure_gene_loss,
    require_coverage,
    score_of_majority,
)

LABELS = ("a", "b")
WEIGHT = np.array([[0.5, 0.3, 0.2, 0.0], [0.0, 0.2, 0.3, 0.5]])
CURVE = (
    {"lost": 0.0, "kept_weight": 1.0, "f1_macro": 0.9, "f1": {"a": 0.95, "b": 0.85}},
    {"lost": 0.5, "kept_weight": 0.5, "f1_macro": 0.7, "f1": {"a": 0.9, "b": 0.5}},
    {"lost": 0.9, "kept_weight": 0.1, "f1_macro": 0.3, "f1": {"a": 0.4, "b": 0.2}},
)


def assess(*measured: bool) -> Coverage:
    return assess_coverage(np.array(measured), WEIGHT, CURVE, LABELS, majority_f1=0.35)


def test_a_hand_computed_example() -> None:
    """Kept weight is a sum over genes; the loss is read from the curve between its points."""
    coverage = assess(True, True, False, False)
    assert coverage.kept_weight_by_label == pytest.approx({"a": 0.8, "b": 0.2})
    assert coverage.kept_weight == pytest.approx(0.5)
    assert coverage.expected_loss == pytest.approx(0.9 - 0.7)
    assert coverage.expected_f1 == pytest.approx(0.7)
    assert coverage.expected_loss_by_label["b"] == pytest.approx(0.85 - (0.2 + 0.3 / 4))
    assert coverage.suffering == ["b"]


def test_all_genes_lose_nothing() -> None:
    """A query with every gene is warned of nothing."""
    coverage = assess(True, True, True, True)
    assert (coverage.kept_weight, coverage.expected_loss) == (pytest.approx(1), pytest.approx(0))
    require_coverage(coverage, force=False)


def test_a_panel_is_predicted_and_its_loss_is_said() -> None:
    """Few genes are no reason to refuse: a warning says what to expect, and for which labels."""
    with pytest.warns(ScbaselineWarning, match=r"lower by 0.20 .* most for b \(F1"):
        require_coverage(assess(True, True, False, False), force=False)
    scarce = assess(True, False, False, False)
    assert scarce.kept_weight == pytest.approx(0.25)
    with pytest.warns(ScbaselineWarning, match="carry 25 % of its decisions"):
        require_coverage(scarce, force=False)


def test_no_more_than_the_largest_label_is_refused() -> None:
    """Where naming the largest label would do as well there is no prediction, unless forced."""
    weak = assess(False, False, False, False)
    assert not weak.is_enough
    with pytest.raises(InputError, match=r"macro-F1 of 0.30 .* reach 0.35.* --force"):
        require_coverage(weak, force=False)
    with pytest.warns(ScbaselineWarning, match="carry 0 %"):
        require_coverage(weak, force=True)


def test_the_majoritys_score_is_scikit_learns() -> None:
    """Of three labels, the largest is given to all."""
    codes = np.array([0, 1, 1, 1, 2])
    theirs = DummyClassifier().fit(np.zeros((5, 1)), codes).predict(np.zeros((5, 1)))
    assert score_of_majority(codes, 3) == pytest.approx(f1_score(codes, theirs, average="macro"))


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 3))
def test_one_gene_more_is_never_worse(measured: list[bool], gene: int) -> None:
    """The expected loss does not rise when a gene is added."""
    more = [m or g == gene for g, m in enumerate(measured)]
    assert assess(*more).expected_loss <= assess(*measured).expected_loss + 1e-12


def test_the_curve_counts_what_is_predicted() -> None:
    """Of a classifier that needs gene 0 alone, F1 is 1 where that is measured, else a guess."""
    codes = np.array([0, 1] * 10)
    weight = np.array([[1.0, 0, 0, 0], [1.0, 0, 0, 0]])
    curve = measure_gene_loss(
        lambda measured: codes if measured[0] else np.zeros(20, dtype=np.int64),
        weight,
        codes,
        LABELS,
        seed=0,
    )
    assert [step["lost"] for step in curve] == [0.0, *LOST]
    for step in curve:
        kept = step["kept_weight"]  # the share of draws that kept gene 0
        assert step["f1"]["b"] == pytest.approx(kept)
        assert step["f1"]["a"] == pytest.approx(kept + (1 - kept) * 2 / 3)
