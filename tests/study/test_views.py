"""Claims about test cells as poorer experiments might see them, and the recipes judged on them."""

from dataclasses import replace

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from sklearn.metrics import accuracy_score, f1_score

from scbaseline import Classifier, train
from scbaseline.counts import Counts
from scbaseline.learn.recipes import RECIPES
from scbaseline.randomness import Stream, generator
from scbaseline.report.findings import findings_of_training
from scbaseline.report.sections.rivals import rival_findings
from scbaseline.stages import Stages
from scbaseline.study.fit import Fit, Job, fit_job
from scbaseline.study.labels import labels_from_column
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.results import Training
from scbaseline.study.rivals import AS_THEY_ARE
from scbaseline.study.split import TEST, split_cells
from scbaseline.study.views import CUT, THINNED, draw_views

CONFIG = replace(SMALL, label_key="cell_type", folds=3)
CELLS = simulate(n_cells=300, effect=3.0)
LABELS = labels_from_column(CELLS.obs, CONFIG)
SPLIT = split_cells(LABELS.codes_n, CONFIG)
TESTED = tuple(RECIPES[name] for name in ("robust", "hvg", "logistic", "linear-svm"))


def fit(counts: Counts, *, views: bool) -> Fit:
    """Fit one recipe of each kind of input on the cells that are not test cells."""
    job = Job(SAVES_MODELS, counts, LABELS, SPLIT, TESTED, CONFIG, keep=True, views=views)
    return fit_job(job, Stages())


@pytest.fixture(scope="module")
def with_views() -> Fit:
    """Return a fit whose test cells were also seen thinned and cut."""
    return fit(Counts.from_anndata(CELLS), views=True)


@pytest.fixture(scope="module")
def training() -> Training:
    """Return a training by three folds."""
    return train(CELLS, replace(CONFIG, recipe=("hvg",)))


def test_a_view_keeps_what_it_says() -> None:
    """Three tenths of the counts, at most those there were; half of the genes, none of others."""
    counts = Counts.from_anndata(CELLS)
    thinned, cut = draw_views(counts, np.random.default_rng(0))
    assert thinned.counts.total_n.sum() / counts.total_n.sum() == pytest.approx(0.3, abs=0.01)
    assert ((counts.counts_ng - thinned.counts.counts_ng).toarray() >= 0).all()
    assert cut.measured_g.sum() == CELLS.n_vars // 2
    whole, kept = counts.counts_ng.toarray(), cut.counts.counts_ng.toarray()
    np.testing.assert_array_equal(kept, np.where(cut.measured_g, whole, 0))
    np.testing.assert_allclose(cut.counts.total_n, whole[:, cut.measured_g].sum(axis=1))


def test_fractional_counts_are_not_thinned() -> None:
    """Half a count cannot be drawn from; genes can be left out all the same."""
    halves = Counts(CELLS.X * np.float32(0.5), np.asarray(CELLS.X.sum(axis=1)).ravel() / 2)
    assert [view.name for view in draw_views(halves, np.random.default_rng(0))] == [CUT]


@pytest.mark.parametrize("recipe", [recipe.name for recipe in TESTED])
@pytest.mark.parametrize("name", [THINNED, CUT])
@pytest.mark.filterwarnings("ignore:the data have")
def test_labels_are_those_that_a_saved_classifier_gives(
    recipe: str, name: str, with_views: Fit, training: Training
) -> None:
    """A classifier of the same fit labels the thinned or cut counts alike, read as a query."""
    fitted, test = with_views.recipes[recipe], SPLIT.rows(TEST)
    card = replace(
        training.classifier.card,
        recipe=RECIPES[recipe],
        labels=LABELS.names,
        gene_symbols=tuple(CELLS.var_names[fitted.genes_g]),
        gene_ids=("",) * len(fitted.genes_g),
        gene_loss=(),
    )
    classifier = Classifier.from_fit(
        card, fitted.learnt.module, with_views.space, temperature=fitted.temperature
    )
    rng = generator(CONFIG.seed, Stream.VIEWS, 0, 0)
    views = {view.name: view for view in draw_views(Counts.from_anndata(CELLS).rows(test), rng)}
    view = views[name]
    query = AnnData(view.counts.counts_ng, obs=CELLS.obs.iloc[test][[]], var=CELLS.var[[]])
    query = query[:, view.measured_g].copy()
    labels_t = classifier.probabilities(query, force=True).argmax(axis=1)
    np.testing.assert_array_equal(fitted.viewed[name], labels_t)
    assert (fitted.viewed[name] == LABELS.codes_n[test]).mean() > 0.5


def test_a_view_reaches_no_fit(with_views: Fit) -> None:
    """Whatever was fitted is the same bit for bit without views, and with other test cells."""
    counts_ng = CELLS.X.toarray()
    counts_ng[SPLIT.rows(TEST)] = counts_ng[SPLIT.rows(TEST)][:, ::-1]
    swapped = Counts(type(CELLS.X)(counts_ng), counts_ng.sum(axis=1))
    without = fit(Counts.from_anndata(CELLS), views=False)
    of_swapped = fit(swapped, views=True)
    for recipe in TESTED:
        own = with_views.recipes[recipe.name]
        for other_fit in (without, of_swapped):
            other = other_fit.recipes[recipe.name]
            np.testing.assert_array_equal(own.genes_g, other.genes_g)
            assert own.temperature == other.temperature
            theirs = other.learnt.module.state_dict()
            for name, tensor in own.learnt.module.state_dict().items():
                np.testing.assert_array_equal(tensor, theirs[name], err_msg=name)
    assert not without.recipes["robust"].viewed
    changed = of_swapped.recipes["robust"].viewed[CUT] != with_views.recipes["robust"].viewed[CUT]
    assert changed.any()  # the comparison can fail


def test_scores_are_those_of_the_labels(training: Training) -> None:
    """Accuracy and macro-F1 over all folds, as scikit-learn computes them."""
    assert [view.name for view in training.views] == [AS_THEY_ARE, THINNED, CUT]
    for view in training.views:
        assert list(view.evidence.scorecards) == ["hvg", "logistic", "linear-svm"]
        for recipe, card in view.evidence.scorecards.items():
            held_out = view.evidence.held_out[recipe]
            true_n, predicted_n = held_out.true_rn[0], held_out.predicted_rn[0]
            assert (true_n >= 0).all()
            expected = accuracy_score(true_n, predicted_n)
            assert card.score("accuracy").value == pytest.approx(expected)
            expected = f1_score(true_n, predicted_n, average="macro")
            assert card.score("f1_macro").value == pytest.approx(expected)
    home, *_ = training.views
    for metric in ("accuracy", "f1_macro"):
        score = training.evidence.score("inductive", "hvg", metric)
        assert home.evidence.scorecards["hvg"].score(metric) == score


def test_the_summary_has_the_views(training: Training) -> None:
    """Scores of thinned and cut cells stand below those of the cells as they are, once each."""
    table = training.summary()
    assert not table.index.duplicated().any()
    value = table.loc[(f"inductive, {CUT}", "logistic", "accuracy"), "value"]
    assert value == training.views[2].evidence.scorecards["logistic"].score("accuracy").value


@pytest.mark.parametrize(
    ("low", "value", "high", "word"),
    [
        (0.01, 0.02, 0.03, "ahead"),
        (-0.03, -0.02, -0.01, "behind"),
        (-0.01, 0.0, 0.01, "level"),
        (-0.1, 0.03, 0.2, "not told apart"),
        (None, 0.02, None, "not told apart"),
        (None, 0.0, None, "level"),
    ],
)
def test_the_sentence_follows_the_numbers(
    low: float | None, value: float, high: float | None, word: str, training: Training
) -> None:
    """Ahead and behind where the interval leaves out 0; a large difference is never level."""
    n_tests = 2 if low is None and value else 3
    views = tuple(
        replace(
            view,
            differences=tuple(
                replace(d, low=low, value=value, high=high, n_tests=n_tests)
                for d in view.differences
            ),
        )
        for view in training.views
    )
    (finding,) = rival_findings(replace(training, views=views))
    where = f"{word} on the cells as they are, with {THINNED} and with {CUT}"
    assert f"hvg against logistic: in accuracy {where}; in macro-F1 {where}." in finding.sentences


def test_what_to_type_for_another_recipe_is_said(training: Training) -> None:
    """The table has every recipe and view; the last words can be typed."""
    (finding,) = rival_findings(training)
    assert finding in findings_of_training(training)
    assert finding.table.columns[2:] == (AS_THEY_ARE, THINNED, CUT)
    assert [row[0].text for row in finding.table.rows[::2]] == ["hvg", "logistic", "linear-svm"]
    assert finding.sentences[-1].endswith("--recipe logistic or --recipe linear-svm.")
    assert rival_findings(replace(training, views=())) == ()


def test_the_number_of_comparisons_is_said(training: Training) -> None:
    """Two rivals, two scores, three views."""
    (finding,) = rival_findings(training)
    assert sum("12 comparisons" in sentence for sentence in finding.sentences) == 1
