"""Claims about suspect labels: planted errors are found, and little else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from scbaseline.errors import InputError
from scbaseline.judge.suspects import PERHAPS_ONE, suspect_labels

LABELS = ("B", "NK", "T", "DC")
SEEDS = st.integers(0, 2**32 - 1)
LDA = LinearDiscriminantAnalysis()


def out_of_fold(x_nf: np.ndarray, codes_n: np.ndarray, classifier=LDA) -> np.ndarray:
    """Return cross-validated probabilities, repeats × cells × labels."""
    return np.stack(
        [
            cross_val_predict(
                classifier,
                x_nf,
                codes_n,
                cv=StratifiedKFold(5, shuffle=True, random_state=r),
                method="predict_proba",
            )
            for r in range(3)
        ]
    )


def classes(rng: np.random.Generator, *, n: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Return well-separated clouds, and which cloud each cell is of."""
    true_n = rng.integers(0, 4, n)
    return 6 * np.eye(4, 5)[true_n] + rng.normal(size=(n, 5)), true_n


def drawn(seed: int, *, n: int = 60, r: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and probabilities without structure, some cells without either."""
    rng = np.random.default_rng(seed)
    p_rnk = rng.dirichlet(np.ones(4), size=n)[None].repeat(r, axis=0)
    p_rnk = 0.8 * p_rnk + 0.2 * rng.dirichlet(np.ones(4), size=(r, n))
    p_rnk[rng.random((r, n)) < 0.2] = np.nan
    return rng.integers(-1, 4, n), p_rnk


def by_hand(codes_n: np.ndarray, p_rnk: np.ndarray) -> dict[int, tuple[str, str, float]]:
    """Read the rule aloud, cell by cell: row → label, suggested, margin."""
    mean = {}
    for cell, code in enumerate(codes_n):
        seen = [p for p in p_rnk[:, cell] if not np.isnan(p).any()]
        if code >= 0 and seen:
            mean[cell] = (np.mean(seen, axis=0), {int(p.argmax()) for p in seen})
    threshold = {
        j: np.mean([p[j] for cell, (p, _) in mean.items() if codes_n[cell] == j])
        for j in {codes_n[cell] for cell in mean}
    }
    found = {}
    for cell, (p, says) in mean.items():
        own = codes_n[cell]
        for j in says:
            enough = j in threshold and p[j] >= threshold[j] and p[j] > p[own]
            if len(says) == 1 and j != own and enough:
                found[cell] = (LABELS[own], LABELS[j], p[j] - p[own])
    return found


@settings(max_examples=30)
@given(SEEDS)
def test_suspects_are_those_of_the_rule(seed: int) -> None:
    """The table equals the rule, applied to one cell after the other, and is in order."""
    codes_n, p_rnk = drawn(seed)
    suspects = suspect_labels(codes_n, p_rnk, LABELS).suspects
    expected = by_hand(codes_n, p_rnk)
    assert set(suspects["row"]) == set(expected)
    for row in suspects.itertuples():
        assert (row.label, row.suggested) == expected[row.row][:2]
        assert row.margin == pytest.approx(expected[row.row][2])
        assert row.margin == pytest.approx(row.probability_of_suggested - row.probability_of_label)
    assert suspects["margin"].is_monotonic_decreasing
    assert (suspects["agreement"] == 1).all()


@settings(max_examples=30)
@given(SEEDS)
def test_order_of_cells_repeats_and_labels_does_not_matter(seed: int) -> None:
    """Cells, repeats and labels in another order: the same suspects, pairs and numbers."""
    codes_n, p_rnk = drawn(seed)
    rng = np.random.default_rng(seed)
    cells, repeats, kinds = rng.permutation(60), rng.permutation(2), rng.permutation(4)
    new_n = np.where(codes_n >= 0, np.argsort(kinds)[codes_n], -1)[cells]
    before = suspect_labels(codes_n, p_rnk, LABELS)
    after = suspect_labels(
        new_n, p_rnk[repeats][:, cells][..., kinds], [LABELS[kind] for kind in kinds]
    )
    columns = ["label", "suggested"]
    old = before.suspects.set_index("row")[columns].sort_index()
    new = after.suspects.assign(row=cells[after.suspects["row"]]).set_index("row")[columns]
    assert old.equals(new.sort_index())
    assert after.expected_by_chance == pytest.approx(before.expected_by_chance)
    assert after.n_wavering == before.n_wavering

    def shares(table) -> dict[frozenset[str], tuple[float, float]]:
        return {
            frozenset((row.label_a, row.label_b)): (round(row.share_confused, 9), row.n_a + row.n_b)
            for row in table.itertuples()
        }

    assert shares(after.pairs) == shares(before.pairs)


@settings(max_examples=30)
@given(SEEDS)
def test_unjudged_cells_change_nothing(seed: int) -> None:
    """Cells without label or probabilities may as well not be there."""
    codes_n, p_rnk = drawn(seed)
    kept = np.flatnonzero((codes_n >= 0) & ~np.isnan(p_rnk[..., 0]).all(axis=0))
    every = suspect_labels(codes_n, p_rnk, LABELS)
    some = suspect_labels(codes_n[kept], p_rnk[:, kept], LABELS)
    assert every.n_judged == some.n_judged == len(kept)
    assert every.suspects["row"].tolist() == kept[some.suspects["row"]].tolist()
    assert every.pairs.equals(some.pairs)


def found_of_planted(seed: int, classifier: object) -> tuple[float, float, float]:
    """Swap 5 % of the labels; return precision, recall, and how often the truth is suggested."""
    rng = np.random.default_rng(seed)
    x_nf, true_n = classes(rng)
    codes_n = true_n.copy()
    planted = rng.choice(len(true_n), len(true_n) // 20, replace=False)
    codes_n[planted] = (true_n[planted] + rng.integers(1, 4, len(planted))) % 4
    suspects = suspect_labels(codes_n, out_of_fold(x_nf, codes_n, classifier), LABELS).suspects
    rows = suspects["row"].to_numpy()
    hits = np.isin(rows, planted)
    right = suspects["suggested"].to_numpy() == np.array(LABELS)[true_n[rows]]
    return hits.mean(), hits.sum() / len(planted), right[hits].mean()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classifier", [LDA, KNeighborsClassifier(100)])
def test_planted_errors_are_found(seed: int, classifier: object) -> None:
    """Of 5 % swapped labels, more than nine tenths are found, with the right one suggested."""
    assert min(found_of_planted(seed, classifier)) > 0.9


def test_a_classifier_blunted_by_the_errors_misses_some_and_invents_none() -> None:
    """Logistic regression cannot be equally sure everywhere: some do not reach a threshold."""
    precision, recall, _ = found_of_planted(0, LogisticRegression())
    assert precision > 0.98
    assert 0.8 < recall < 0.95


@pytest.mark.parametrize("seed", range(3))
def test_without_errors_there_are_nearly_no_suspects(seed: int) -> None:
    """Well-separated, rightly labelled cells: under 1 in 200, as the estimate says."""
    x_nf, true_n = classes(np.random.default_rng(seed))
    audit = suspect_labels(true_n, out_of_fold(x_nf, true_n), LABELS)
    assert len(audit.suspects) < 0.005 * len(true_n)
    assert audit.expected_by_chance < 0.02 * len(true_n)
    assert not audit.pairs["perhaps_one"].any()


@pytest.mark.parametrize("share", [0.5, 0.15])
def test_one_type_under_two_labels_is_a_pair(share: float) -> None:
    """A type split at random comes first and may be one, also where one label is rare."""
    rng = np.random.default_rng(0)
    x_nf, codes_n = classes(rng)
    codes_n = np.where(codes_n == 3, 2, codes_n)
    codes_n[(codes_n == 2) & (rng.random(len(codes_n)) < share)] = 3
    first = suspect_labels(codes_n, out_of_fold(x_nf, codes_n), LABELS).pairs.iloc[0]
    assert {first["label_a"], first["label_b"]} == {"T", "DC"}
    assert first["perhaps_one"]
    assert abs(first["auroc"] - 0.5) < 0.1


def test_a_rare_type_of_its_own_is_not_called_one_with_a_large_one() -> None:
    """Most cells of a label 20 times rarer are predicted as the other; they are told apart."""
    rng = np.random.default_rng(0)
    codes_n = (rng.random(4000) < 0.05).astype(int)
    x_nf = rng.normal(size=(4000, 1)) + 2 * codes_n[:, None]
    pair = suspect_labels(codes_n, out_of_fold(x_nf, codes_n), ("large", "rare")).pairs.iloc[0]
    assert pair["b_as_a"] > 0.5 * pair["n_b"]
    assert pair["balanced_accuracy"] > PERHAPS_ONE
    assert not pair["perhaps_one"]


@settings(max_examples=30)
@given(SEEDS)
def test_pairs_equal_scikit_learns_scores(seed: int) -> None:
    """Counts by hand; AUROC and balanced accuracy as scikit-learn has them."""
    codes_n, p_rnk = drawn(seed, r=1)
    kept = (codes_n >= 0) & ~np.isnan(p_rnk[0, :, 0])
    codes, p = codes_n[kept], p_rnk[0, kept]
    for row in suspect_labels(codes_n, p_rnk, LABELS).pairs.itertuples():
        a, b = LABELS.index(row.label_a), LABELS.index(row.label_b)
        pair = np.isin(codes, [a, b])
        assert row.a_as_b == ((codes == a) & (p.argmax(axis=1) == b)).sum()
        assert row.b_as_a == ((codes == b) & (p.argmax(axis=1) == a)).sum()
        assert row.share_confused == pytest.approx((row.a_as_b + row.b_as_a) / pair.sum())
        is_b = codes[pair] == b
        odds = p[pair, b] / p[pair, a]
        assert row.auroc == pytest.approx(roc_auc_score(is_b, odds))
        says_b = odds * (~is_b).sum() > is_b.sum()
        assert row.balanced_accuracy == pytest.approx(balanced_accuracy_score(is_b, says_b))
        assert row.perhaps_one == (row.balanced_accuracy < PERHAPS_ONE)


@settings(max_examples=20)
@given(SEEDS, st.floats(0.3, 3))
def test_expected_is_what_labels_drawn_from_the_probabilities_give(
    seed: int, sharpness: float
) -> None:
    """Calibrated probabilities, right labels: as many suspects as expected, give or take."""
    rng = np.random.default_rng(seed)
    p_nk = rng.dirichlet(np.full(4, 1 / sharpness), size=20_000)
    codes_n = np.minimum((p_nk.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1), 3)
    audit = suspect_labels(codes_n, p_nk[None], LABELS)
    assert abs(len(audit.suspects) - audit.expected_by_chance) < 5 * audit.expected_sd + 1


def test_repeats_must_be_of_one_mind() -> None:
    """By hand: the same mean, but one repeat says otherwise: wavering, no suspect."""
    codes_n = np.array([0, 0, 1, 1])
    calm = [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]]
    agreed = np.array([calm, calm])
    assert suspect_labels(codes_n, agreed, ("a", "b")).suspects["row"].tolist() == [1]
    torn = agreed.copy()
    torn[:, 1] = [[0.55, 0.45], [0.01, 0.99]]
    torn[:, 2:] = [0.4, 0.6]
    audit = suspect_labels(codes_n, torn, ("a", "b"))
    assert audit.suspects.empty
    assert audit.n_wavering == 1


def test_half_precision_and_a_label_without_cells_are_taken() -> None:
    """Rounded probabilities are probabilities; what nobody is labelled is not suggested."""
    p_nk = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]], dtype=np.float16)
    audit = suspect_labels(np.array([0, 1, 1]), p_nk[None], ("a", "b", "nobody"))
    assert audit.suspects.empty
    assert audit.pairs.empty


@pytest.mark.parametrize(
    ("codes", "p_rnk", "words"),
    [
        ([0, 1], np.full((2, 2), 0.5), "shape"),
        ([0, 2], np.full((1, 2, 2), 0.5), "from 0 to 2"),
        ([0, 1], np.array([[[0.5, 0.5], [2.0, -3.0]]]), "repeat 0, cell 1"),
        ([-1, 0], np.array([[[0.5, 0.5], [np.nan, np.nan]]]), "no cell has both"),
    ],
)
def test_what_are_no_probabilities_is_refused(codes: list, p_rnk: np.ndarray, words: str) -> None:
    """Logits, wrong shapes and empty input are named."""
    with pytest.raises(InputError, match=words):
        suspect_labels(np.array(codes), p_rnk, ("a", "b"))
