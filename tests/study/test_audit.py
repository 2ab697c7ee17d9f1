"""Claims about the audit: the ladder, its verdicts, and the evidence behind each figure."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from sklearn.metrics import cohen_kappa_score

from scbaseline import Audit, Run, RunConfig, ScbaselineWarning, audit, read_counts, run
from scbaseline.judge.metrics import METRICS
from scbaseline.judge.scores import Score
from scbaseline.judge.verdicts import least_kappa, structure_of
from scbaseline.learn.recipes import FLOOR, REFERENCE
from scbaseline.study.protocols import PROTOCOLS

pytestmark = pytest.mark.xdist_group("audit")  # its module fixtures are costly

# At this rate, five epochs on few cells are enough for the network to be trained.
QUICK = dataclasses.replace(SMALL, recipe=("pca",), folds=3, repeats=3, learning_rate=0.01)


def score(of_audit: Audit | Run, protocol: str, recipe: str, metric: str) -> Score:
    """Return a score that is there."""
    found = of_audit.evidence.score(protocol, recipe, metric)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def separated() -> Audit:
    """Return the audit of five types that nobody could confuse."""
    cells = simulate(n_cells=500, n_types=5, effect=30.0, seed=1)
    # A resolution at which the clusters are the types: finer ones would be cut from noise.
    return audit(cells, dataclasses.replace(QUICK, resolution=0.3))


@pytest.fixture(scope="module")
def homogeneous() -> Audit:
    """Return the audit of cells that differ by depth and chance alone."""
    cells = simulate(n_cells=500, n_genes=150, n_types=1, seed=1)
    return audit(cells, QUICK)


def test_every_applicable_protocol_has_figures(separated: Audit) -> None:
    """Each is either on the ladder or among those with a reason."""
    evidence = separated.evidence
    assert set(evidence.protocols) | set(evidence.not_applicable) == set(PROTOCOLS)


def test_thinning_costs_well_separated_types_nothing(separated: Audit) -> None:
    """Where types are real, thinned stays within .01 of published."""
    for classifier in ("pca", REFERENCE):
        published = score(separated, "published", classifier, "accuracy").value
        thinned = score(separated, "thinned", classifier, "accuracy").value
        assert thinned == pytest.approx(published, abs=0.01)
    assert separated.evidence.structure.is_there
    assert "there is structure beyond depth" in separated.evidence.structure.verdict


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
    assert not homogeneous.evidence.structure.is_there
    assert "no evidence of structure" in homogeneous.evidence.structure.verdict
    published = score(homogeneous, "published", REFERENCE, "kappa").value
    assert published > 0.2
    assert abs(score(homogeneous, "thinned", REFERENCE, "kappa").value) < 0.1


def test_inflation_is_measured_per_draw(homogeneous: Audit, separated: Audit) -> None:
    """It is the difference of two scores, draw by draw; real types have none."""
    inflation = homogeneous.evidence.inflation
    measured = next(p for p in inflation if (p.recipe, p.metric) == (REFERENCE, "kappa"))
    half = score(homogeneous, "half", REFERENCE, "kappa").repeats
    thinned = score(homogeneous, "thinned", REFERENCE, "kappa").repeats
    np.testing.assert_allclose(measured.differences, np.subtract(half, thinned))
    assert len(measured.differences) == 3
    assert measured.mean > 0.2
    assert all(abs(p.mean) < 0.03 for p in separated.evidence.inflation)


def test_an_interval_names_all_that_it_holds_fixed(homogeneous: Audit) -> None:
    """Draws and clusters are no more drawn anew than training sets and donors are."""
    about = {row.about for row in homogeneous.evidence.rows if row.low is not None}
    assert about
    for fixed in ("draws", "labels", "training sets", "donors"):
        assert all(fixed in words for words in about)


def test_null_rungs_are_draws(homogeneous: Audit) -> None:
    """Structureless controls have one score per draw and no interval over cells."""
    for name in ("null-published", "null-half", "null-thinned"):
        rung = score(homogeneous, name, REFERENCE, "kappa")
        assert len(rung.repeats) == SMALL.null_draws
        assert rung.low is None
    assert abs(score(homogeneous, "null-thinned", REFERENCE, "kappa").value) < 0.1


def test_a_structureless_draw_of_one_cluster_counts_as_nothing_told_apart(separated: Audit) -> None:
    """Coarse clustering of noise gives one cluster in some draws, which is a kappa of 0."""
    rung = separated.evidence.score("null-thinned", REFERENCE, "kappa")
    nulls = separated.evidence.structure.nulls
    assert len(nulls) == SMALL.null_draws > len(rung.repeats if rung else ())
    assert 0.0 in separated.evidence.structure.nulls


def test_a_network_is_compared_with_the_reference_by_folds(separated: Audit) -> None:
    """As many differences as fits; never with the best baseline."""
    one = separated.evidence.protocols["inductive"].differences["pca"]
    assert (one.name, one.reference, one.n_fits) == ("pca", REFERENCE, 9)


def test_published_has_no_probability_metrics(separated: Audit) -> None:
    """Its probabilities have seen the cells that they would be about."""
    with_probabilities = {name for name, metric in METRICS.items() if metric.needs_probabilities}
    of = {
        name: {row.metric for row in separated.evidence.protocols[name].rows}
        for name in ("published", "inductive")
    }
    assert not with_probabilities & of["published"]
    assert with_probabilities <= of["inductive"]


def test_planted_label_errors_are_found() -> None:
    """Cells whose labels were swapped rank first among the suspects."""
    cells = simulate(n_cells=400, n_types=3, effect=30.0, seed=2)
    wrong = np.random.default_rng(0).choice(400, size=12, replace=False)
    swapped = {"type 0": "type 1", "type 1": "type 2", "type 2": "type 0"}
    labels = cells.obs["cell_type"].astype(str).to_numpy()
    labels[wrong] = [swapped[label] for label in labels[wrong]]
    cells.obs["cell_type"] = labels
    config = dataclasses.replace(QUICK, label_key="cell_type", protocol=("inductive",))
    found = audit(cells, config)
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
            found = audit(cells, config)
        groups = [of_group.group for of_group in found.evidence.by_group["pca"]]
        assert groups == [f"D{i}" for i in range(n_donors)]
        rung = score(found, "group", "pca", "f1_macro")
        assert found.evidence.protocols["group"].tier == "T3"
        assert (rung.low is not None) == has_interval
        assert rung.about == (
            "over groups (donors, batches) like these"
            if has_interval
            else "too few groups to draw from (4)"
        )


@pytest.mark.filterwarnings("ignore:obs column donor has 2")
@pytest.mark.parametrize("judge", [audit, run])
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
        seed=4,  # B is held out, in a run that holds out one
    )
    found = judge(cells, config)
    assert why in found.evidence.not_applicable["group"]
    assert {row.protocol for row in found.evidence.rows} == {"inductive"}


def test_labels_with_fewer_cells_than_folds_are_left_out() -> None:
    """Seven cells cannot be in eight folds; they are counted beside the others."""
    cells = simulate(n_cells=300, n_types=3, seed=5)
    labels = cells.obs["cell_type"].astype(str).to_numpy()
    labels[:7] = "rare"
    cells.obs["cell_type"] = labels
    config = dataclasses.replace(QUICK, label_key="cell_type", folds=8, protocol=("inductive",))
    found = audit(cells, config)
    assert found.labels.rare == {"rare": 7}
    assert score(found, "inductive", "pca", "accuracy").n == 293


def test_progress_counts_every_fit() -> None:
    """The estimate of the time left rests on fits done, of a number that is known."""
    seen: list[tuple[int, int]] = []
    cells = simulate(n_cells=200, n_types=3, seed=6)
    config = dataclasses.replace(QUICK, label_key="cell_type", protocol=("inductive",))
    audit(cells, config, fitted=lambda *counts: seen.append(counts))
    assert seen == [(n, 9) for n in range(10)]


@pytest.mark.long
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
        of_protocol = run(shuffled, config).evidence.protocols["inductive"]
        for name, scorecard in of_protocol.scorecards.items():
            found.setdefault(name, []).append(scorecard.score("kappa").value)
    for name, kappas in found.items():
        assert abs(np.mean(kappas)) < 0.03, name


NAMES = {"protocol": "thinned", "null": "null-thinned"}


def test_without_an_interval_there_is_no_verdict() -> None:
    """A verdict needs both sides; a tie is no evidence."""
    assert structure_of(None, [0.1], n_drawn=1, **NAMES) is None
    assert structure_of(0.5, [], n_drawn=0, **NAMES) is None
    assert not structure_of(0.1, [0.0, 0.1], n_drawn=2, **NAMES).is_there
    assert structure_of(0.11, [0.0, 0.1], n_drawn=2, **NAMES).is_there
    assert not structure_of(-0.01, [-0.02], n_drawn=2, **NAMES).is_there


def test_no_verdict_claims_types() -> None:
    """The control has no structure at all: a higher score shows structure, of whatever kind."""
    found = structure_of(0.5, [0.1], n_drawn=1, **NAMES)
    assert "does not show that there are separate types" in found.verdict
    assert "evidence of types" not in found.verdict


@pytest.mark.slow
def test_pbmc3k_has_the_known_ladder(test_data: object) -> None:
    """Published near .91, thinned .78 ± .04, half above it; a null far above its majority."""
    adata = read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad")
    names = ("published", "inductive", "half", "thinned", "null-published", "null-thinned")
    found = run(adata, RunConfig(recipe=("pca",), protocol=names, null_draws=1))

    def mean(protocol: str, metric: str, name: str = REFERENCE) -> float:
        return score(found, protocol, name, metric).value

    assert mean("published", "accuracy") == pytest.approx(0.91, abs=0.03)
    assert mean("inductive", "accuracy") == pytest.approx(0.90, abs=0.03)
    # With features of all cells, half comes to .87 to .90; here they are of training cells.
    assert mean("half", "accuracy") == pytest.approx(0.85, abs=0.03)
    assert mean("half", "kappa") > mean("thinned", "kappa") + 0.03
    assert mean("thinned", "accuracy") == pytest.approx(0.78, abs=0.04)
    assert mean("null-published", "accuracy") > mean("null-published", "accuracy", FLOOR) + 0.2
    # Depth shows in both halves: .03 to .09 in five draws, of which this is one.
    assert abs(mean("null-thinned", "kappa")) < 0.12
