"""Claims about the audit: the ladder, its verdicts, and the evidence behind each figure."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from matplotlib.text import Text
from sklearn.metrics import cohen_kappa_score

from scbaseline import Run, RunConfig, ScbaselineWarning, audit_classifiers, read_counts, run
from scbaseline.judge.evidence import REFERENCE, least_kappa, type_evidence
from scbaseline.report import console
from scbaseline.report.audit import methods_paragraph, reading
from scbaseline.report.ladder import ladder_figure
from scbaseline.report.models import training_reading
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.train import train_classifier
from scbaseline.study.verdicts import Audit

pytestmark = pytest.mark.xdist_group("audit")  # its module fixtures are costly

# At this rate, five epochs on few cells are enough for the network to be trained.
QUICK = dataclasses.replace(SMALL, recipe=("pca",), folds=3, repeats=3, learning_rate=0.01)


@pytest.fixture(scope="module")
def separated() -> Audit:
    """Return the audit of five types that nobody could confuse."""
    cells = simulate(n_cells=500, n_types=5, effect=30.0, seed=1)
    # A resolution at which the clusters are the types: finer ones would be cut from noise.
    return audit_classifiers(cells, dataclasses.replace(QUICK, resolution=0.3))


@pytest.fixture(scope="module")
def homogeneous() -> Audit:
    """Return the audit of cells that differ by depth and chance alone."""
    cells = simulate(n_cells=500, n_genes=150, n_types=1, seed=1)
    return audit_classifiers(cells, QUICK)


def test_every_applicable_protocol_has_figures(separated: Audit) -> None:
    """Each is either on the ladder or among those with a reason."""
    told = {rung.protocol for rung in separated.rungs} | set(separated.not_applicable)
    assert told == set(PROTOCOLS)


def test_thinning_costs_well_separated_types_nothing(separated: Audit) -> None:
    """Where types are real, thinned stays within .01 of published."""
    for classifier in ("pca", REFERENCE):
        published = separated.rung("published", classifier, "accuracy").value
        thinned = separated.rung("thinned", classifier, "accuracy").value
        assert thinned == pytest.approx(published, abs=0.01)
    assert separated.types.found
    assert "there is structure beyond depth" in separated.types.verdict


@pytest.mark.parametrize("sizes", [(950, 50), (500, 500), (400, 300, 300)])
def test_the_least_kappa_is_that_of_three_wrong_cells(sizes: tuple[int, ...]) -> None:
    """Of 1,000 cells, three are given a wrong label, and scikit-learn's κ is that bound."""
    true = np.repeat(np.arange(len(sizes)), sizes)
    wrong = true.copy()
    wrong[[0, 1, -1]] = [1, 1, 0]
    unjudged = np.append(true, -1)
    assert least_kappa(1.0, np.stack([unjudged, unjudged])) == pytest.approx(
        cohen_kappa_score(true, wrong), abs=1e-3
    )


def test_one_population_gives_no_evidence_of_structure(homogeneous: Audit) -> None:
    """The clusters of noise predict themselves, but not from the other half of the counts."""
    assert not homogeneous.types.found
    assert "no evidence of structure" in homogeneous.types.verdict
    published = homogeneous.rung("published", REFERENCE, "kappa").value
    assert published > 0.2
    assert abs(homogeneous.rung("thinned", REFERENCE, "kappa").value) < 0.1


def test_double_dipping_is_priced_per_draw(homogeneous: Audit, separated: Audit) -> None:
    """Each price is the difference of the two rungs, draw by draw; real types have none."""
    price = next(p for p in homogeneous.prices if (p.classifier, p.metric) == (REFERENCE, "kappa"))
    half = homogeneous.rung("half", REFERENCE, "kappa").repeats
    thinned = homogeneous.rung("thinned", REFERENCE, "kappa").repeats
    np.testing.assert_allclose(price.differences, np.subtract(half, thinned))
    assert len(price.differences) == 3
    assert price.mean > 0.2
    assert all(abs(p.mean) < 0.03 for p in separated.prices)


def test_the_methods_paragraph_owns_up_to_published(homogeneous: Audit) -> None:
    """Its fits were not trained on the cells that they predict, and have seen them."""
    paragraph = methods_paragraph(homogeneous)
    assert "had not seen it" not in paragraph
    assert "early stopping have seen the test cells" in paragraph


def test_an_interval_names_all_that_it_holds_fixed(homogeneous: Audit) -> None:
    """Draws and clusters are no more drawn anew than training sets and donors are."""
    told = {rung.estimand for rung in homogeneous.rungs if rung.low is not None}
    assert told
    for fixed in ("draws", "labels", "training sets", "donors"):
        assert all(fixed in estimand for estimand in told)


def test_null_rungs_are_draws(homogeneous: Audit) -> None:
    """Structureless controls have one score per draw and no interval over cells."""
    for name in ("null-published", "null-half", "null-thinned"):
        rung = homogeneous.rung(name, REFERENCE, "kappa")
        assert len(rung.repeats) == SMALL.null_draws
        assert rung.low is None
    assert abs(homogeneous.rung("null-thinned", REFERENCE, "kappa").value) < 0.1


def test_a_structureless_draw_of_one_cluster_counts_as_nothing_told_apart(separated: Audit) -> None:
    """Coarse clustering of noise gives one cluster in some draws, which is a kappa of 0."""
    rung = separated.rung("null-thinned", REFERENCE, "kappa")
    assert len(separated.types.nulls) == SMALL.null_draws > len(rung.repeats if rung else ())
    assert 0.0 in separated.types.nulls


def test_a_network_is_compared_with_the_reference_by_folds(separated: Audit) -> None:
    """As many differences as fits; never with the best baseline."""
    one = separated.differences["inductive"][0]
    assert (one.name, one.reference, one.n_fits) == ("pca", REFERENCE, 9)


def test_published_has_no_probability_metrics(separated: Audit) -> None:
    """Its probabilities have seen the cells that they would be about."""
    metrics = {r.metric for r in separated.rungs if r.protocol == "published"}
    assert metrics == {"accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "kappa"}
    assert separated.rung("inductive", "pca", "ece") is not None
    assert separated.rung("inductive", "pca", "ece_uncalibrated") is not None


def test_planted_label_errors_are_found() -> None:
    """Cells whose labels were swapped rank first among the suspects."""
    cells = simulate(n_cells=400, n_types=3, effect=30.0, seed=2)
    wrong = np.random.default_rng(0).choice(400, size=12, replace=False)
    swapped = {"type 0": "type 1", "type 1": "type 2", "type 2": "type 0"}
    labels = cells.obs["cell_type"].astype(str).to_numpy()
    labels[wrong] = [swapped[label] for label in labels[wrong]]
    cells.obs["cell_type"] = labels
    config = dataclasses.replace(QUICK, label_key="cell_type", protocol=("inductive",))
    found = audit_classifiers(cells, config)
    rows = found.suspects.suspects["row"].to_numpy()
    assert len(np.intersect1d(rows, wrong)) >= 11
    assert len(np.setdiff1d(rows, wrong)) <= 2


def test_groups_are_listed_and_few_of_them_have_no_interval() -> None:
    """With four donors each is told by itself; with eight there is an interval over donors."""
    for n_donors, has_interval in ((4, False), (8, True)):
        cells = simulate(n_cells=400, n_types=3, effect=2.0, seed=4)
        cells.obs["donor"] = [f"D{i % n_donors}" for i in range(cells.n_obs)]
        config = dataclasses.replace(
            QUICK, label_key="cell_type", group_key="donor", protocol=("group",)
        )
        with pytest.warns(ScbaselineWarning, match=f"donor has {n_donors} values"):
            found = audit_classifiers(cells, config)
        assert [score.group for score in found.by_group] == [f"D{i}" for i in range(n_donors)]
        rung = found.rung("group", "pca", "f1_macro")
        assert rung.tier == "T3"
        assert (rung.low is not None) == has_interval
        why = "group: no interval for accuracy, macro-F1, κ: 4 groups are too few to draw from."
        assert (why in reading(found)) != has_interval
        assert ("over groups (donors, batches)" in reading(found)) == has_interval
        assert "so few groups" not in reading(found)
        assert "donors" in rung.estimand or f"{n_donors} groups are too few" in rung.estimand


@pytest.mark.filterwarnings("ignore:obs column donor has 2")
@pytest.mark.parametrize("judge", [audit_classifiers, run])
@pytest.mark.parametrize(
    ("donors", "why"),
    [
        ({"type 0": "A", "type 1": "A", "type 2": "A"}, "1 group has labelled cells"),
        ({"type 0": "A", "type 1": "B", "type 2": "B"}, "the training cells carry 1 label"),
    ],
)
def test_groups_that_cannot_be_split_leave_other_protocols_their_figures(
    judge: Callable[..., Audit | Run], donors: dict[str, str], why: str
) -> None:
    """One donor, or a donor of one type: `group` has no meaning, and the reason is told."""
    cells = simulate(n_cells=150, n_types=3)
    cells.obs["donor"] = cells.obs["cell_type"].map(donors)
    config = dataclasses.replace(
        QUICK,
        label_key="cell_type",
        group_key="donor",
        protocol=("inductive", "group"),
        repeats=1,
        seed=3,  # B is held out, in a run that holds out one
    )
    found = judge(cells, config)
    assert why in found.not_applicable["group"]
    assert {row.protocol for row in (found.rows if isinstance(found, Run) else found.rungs)} == {
        "inductive"
    }


@pytest.mark.filterwarnings("ignore:obs column donor has 3")
def test_fewer_groups_than_folds_are_told_as_folds() -> None:
    """Three donors are three folds, in the figure and in the paragraph for a methods section."""
    cells = simulate(n_cells=240, n_types=3, effect=2.0, seed=4)
    cells.obs["donor"] = [f"D{i % 3}" for i in range(cells.n_obs)]
    config = dataclasses.replace(
        QUICK, label_key="cell_type", group_key="donor", protocol=("group",), folds=4, repeats=1
    )
    found = audit_classifiers(cells, config)
    said = " ".join(text.get_text() for text in ladder_figure(found).findobj(Text))
    assert "4 folds × 1 repeats (3 folds under group)" in " ".join(said.split())
    assert "4-fold cross-validation (3-fold on unseen groups)" in methods_paragraph(found)


@pytest.mark.filterwarnings("ignore:obs column donor has 8 values")
def test_figures_on_groups_say_where_their_intervals_are() -> None:
    """With eight donors, `run` and `train` point to the audit, which has its own."""
    cells = simulate(n_cells=400, n_types=3, effect=2.0, seed=4)
    cells.obs["donor"] = [f"D{i % 8}" for i in range(cells.n_obs)]
    config = dataclasses.replace(QUICK, label_key="cell_type", group_key="donor")
    found = run(cells, dataclasses.replace(config, protocol=("group",)))
    for said in (console.reading(found), training_reading(train_classifier(cells, config))):
        assert "macro-F1 by unseen group: D" in said
        assert "`scbaseline audit` gives intervals over groups, from 6 groups on" in said


def test_labels_with_fewer_cells_than_folds_are_left_out() -> None:
    """Seven cells cannot be in eight folds; they are counted beside the others."""
    cells = simulate(n_cells=300, n_types=3, seed=5)
    labels = cells.obs["cell_type"].astype(str).to_numpy()
    labels[:7] = "rare"
    cells.obs["cell_type"] = labels
    config = dataclasses.replace(QUICK, label_key="cell_type", folds=8, protocol=("inductive",))
    found = audit_classifiers(cells, config)
    assert found.labels.rare == {"rare": 7}
    assert found.rung("inductive", "pca", "accuracy").n_cells == 293


def test_processes_side_by_side_change_no_figure() -> None:
    """Two processes give the rungs of one, to the last digit."""
    cells = simulate(n_cells=200, n_types=3, seed=6)
    config = dataclasses.replace(
        QUICK, label_key="cell_type", protocol=("inductive",), repeats=1, folds=3
    )
    one, two = (
        audit_classifiers(cells, dataclasses.replace(config, threads=n)).rungs for n in (1, 2)
    )
    assert one == two


def test_progress_counts_every_fit() -> None:
    """The estimate of the time left rests on fits done, of a number that is known."""
    seen: list[tuple[str, int, int]] = []
    cells = simulate(n_cells=200, n_types=3, seed=6)
    config = dataclasses.replace(QUICK, label_key="cell_type", protocol=("inductive",))
    audit_classifiers(cells, config, fits=lambda *told: seen.append(told))
    assert [n for _, n, _ in seen] == list(range(10))
    assert {total for _, _, total in seen} == {9}


def test_permuted_labels_are_not_predicted() -> None:
    """Over 20 permutations, the mean kappa of honest protocols is within .03 of 0."""
    cells = simulate(n_cells=900, n_types=3, seed=7)
    found: dict[str, list[float]] = {}
    for seed in range(20):
        labels = np.random.default_rng(seed).permutation(cells.obs["cell_type"].astype(str))
        shuffled = AnnData(cells.X, obs=cells.obs.assign(cell_type=labels), var=cells.var)
        config = dataclasses.replace(
            SMALL, label_key="cell_type", protocol=("inductive",), recipe=("pca",), seed=seed
        )
        evaluations = run(shuffled, config).protocols["inductive"].evaluations
        for name, evaluation in evaluations.items():
            found.setdefault(name, []).append(evaluation.score("kappa").value)
    for name, kappas in found.items():
        assert abs(np.mean(kappas)) < 0.03, name


def test_without_an_interval_there_is_no_verdict() -> None:
    """A verdict needs both sides; a tie is no evidence."""
    assert type_evidence(None, [0.1], n_drawn=1) is None
    assert type_evidence(0.5, [], n_drawn=0) is None
    assert not type_evidence(0.1, [0.0, 0.1], n_drawn=2).found
    assert type_evidence(0.11, [0.0, 0.1], n_drawn=2).found
    assert not type_evidence(-0.01, [-0.02], n_drawn=2).found


def test_no_verdict_claims_types() -> None:
    """The control has no structure at all: beating it shows structure, of whatever kind."""
    found = type_evidence(0.5, [0.1], n_drawn=1)
    assert "discrete types is not shown" in found.verdict
    assert "evidence of types" not in found.verdict


@pytest.mark.slow
def test_pbmc3k_has_the_known_ladder(test_data: object) -> None:
    """Published near .91, thinned .78 ± .04, half above it; a null far above its majority."""
    adata = read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad")
    names = ("published", "inductive", "half", "thinned", "null-published", "null-thinned")
    found = run(adata, RunConfig(recipe=("pca",), protocol=names, null_draws=1))

    def mean(protocol: str, metric: str, name: str = REFERENCE) -> float:
        ones = found.draws[protocol]
        return float(np.mean([one.evaluations[name].score(metric).value for one in ones]))

    assert mean("published", "accuracy") == pytest.approx(0.91, abs=0.03)
    assert mean("inductive", "accuracy") == pytest.approx(0.90, abs=0.03)
    # With features of all cells, half comes to .87 to .90; here they are of training cells.
    assert mean("half", "accuracy") == pytest.approx(0.85, abs=0.03)
    assert mean("half", "kappa") > mean("thinned", "kappa") + 0.03
    assert mean("thinned", "accuracy") == pytest.approx(0.78, abs=0.04)
    assert mean("null-published", "accuracy") > mean("null-published", "accuracy", "majority") + 0.2
    assert abs(mean("null-thinned", "kappa")) < 0.08
