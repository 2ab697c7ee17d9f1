"""Sections: what is said of results, in which words."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate

import scbaseline
from scbaseline.cells.trust import cluster_trust
from scbaseline.judge.scores import Scorecard
from scbaseline.judge.verdicts import Inflation
from scbaseline.learn.recipes import RECIPES, REFERENCE
from scbaseline.report.finding import Finding
from scbaseline.report.findings import findings_of_audit, findings_of_run, findings_of_training
from scbaseline.report.sections.clusters import again_with, cluster_findings
from scbaseline.report.sections.conclusion import answer_finding, found_finding
from scbaseline.report.sections.files import next_finding, short_paths
from scbaseline.report.sections.inflation import inflation_findings
from scbaseline.report.sections.methods import methods_paragraph
from scbaseline.report.sections.scores import SHOWN
from scbaseline.report.sections.suspects import suspect_findings
from scbaseline.report.sections.words import over_draws
from scbaseline.study.audit import audit
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.results import Audit, Run
from scbaseline.study.run import run
from scbaseline.study.train import train

pytestmark = pytest.mark.xdist_group("report")  # its module fixtures are costly

GIVEN = replace(SMALL, label_key="cell_type", recipe=("pca",))


@pytest.fixture(scope="module")
def of_clusters() -> Run:
    """Return a run on clusters, with halves of the counts."""
    return run(simulate(), replace(SMALL, recipe=("pca",), draws=1))


@pytest.fixture(scope="module")
def of_audit() -> Audit:
    """Return an audit of one recipe, repeated once."""
    config = replace(SMALL, recipe=("pca",), folds=3, repeats=1, null_draws=2)
    return audit(simulate(), config)


def with_accuracy(scorecard: Scorecard, value: float) -> Scorecard:
    """Return a scorecard with another accuracy."""
    scores = tuple(
        replace(s, value=value) if s.metric == "accuracy" else s for s in scorecard.scores
    )
    return replace(scorecard, scores=scores)


def words(findings: tuple[Finding, ...]) -> str:
    """Return all sentences and cells of findings."""
    parts = []
    for finding in findings:
        parts += [finding.title, *finding.sentences]
        rows = finding.table.rows if finding.table else ()
        parts += [f"{cell.text} {cell.beside}" for row in rows for cell in row]
    return "\n".join(parts)


@pytest.mark.parametrize(
    ("values", "said"),
    [((0.6,), "0.60 (1 draw)"), ((0.5, 0.7), "0.60 (2 draws: 0.50 to 0.70)")],
)
def test_one_draw_has_no_range(values: tuple[float, ...], said: str) -> None:
    """Lowest and highest are said of several draws only."""
    assert over_draws(values, digits=2) == said


def test_a_run_says_what_it_rests_on(of_clusters: Run) -> None:
    """Scores, tiers, the strongest evidence and the inflation from double dipping."""
    said = words(findings_of_run(of_clusters))
    for part in ("macro-F1", "T0+", "control: not evidence", "Strongest evidence: T2", REFERENCE):
        assert part in said
    assert "Inflation from double dipping" in said
    assert "(1 draw)" in said


def test_a_table_has_every_recipe_and_protocol(of_clusters: Run) -> None:
    """Each score of the table is that of the evidence."""
    findings = findings_of_run(of_clusters)
    (table,) = (f.table for f in findings if f.title == "Scores on held-out cells")
    for place, (name, evidence) in enumerate(of_clusters.evidence.protocols.items(), start=2):
        assert table.columns[place].startswith(f"{name}, {evidence.tier}\n")
        expected = [
            f"{card.score(metric).value:.3f}"
            for card in evidence.scorecards.values()
            for metric in SHOWN
        ]
        assert [row[place].text for row in table.rows] == expected


def test_what_was_found_and_the_answer_come_first(of_clusters: Run) -> None:
    """Clusters with their cells, then accuracy in percent and κ; the long tables are details."""
    found, answer, *_ = findings = findings_of_run(of_clusters)
    assert found.title == "adata: 4 clusters in 240 cells"
    assert [row[0].text for row in found.table.rows] == [
        f"{c.n_cells:,}" for c in of_clusters.names.clusters
    ]
    scores = of_clusters.evidence.protocols["thinned"].scorecards["pca"]
    (row,) = (row for row in answer.table.rows if "from the other half" in row[2].text)
    assert row[0].text == f"{100 * scores.score('accuracy').value:.1f} %"
    assert row[1].text == f"{scores.score('kappa').value:.2f}"
    assert row[2].beside == "(T2)"
    assert len(answer.table.rows) == 3  # no control
    shown = [finding for finding in findings if not finding.detail]
    assert "Scores on held-out cells" not in [finding.title for finding in shown]
    assert "macro-F1" not in words(tuple(shown))


@pytest.mark.parametrize(
    ("accuracy", "said"),
    [(0.99, "falls from 99.0 % to"), (0.01, "does not fall"), (None, "does not fall")],
)
def test_an_accuracy_that_does_not_fall_is_said(
    of_clusters: Run, accuracy: float | None, said: str
) -> None:
    """The sentence follows the numbers; equal ones are no fall."""
    published, thinned = (of_clusters.evidence.protocols[p] for p in ("published", "thinned"))
    if accuracy is None:
        accuracy = thinned.scorecards["pca"].score("accuracy").value + 1e-5
    cards = {"pca": with_accuracy(published.scorecards["pca"], accuracy)}
    protocols = {"published": replace(published, scorecards=cards), "thinned": thinned}
    evidence = replace(of_clusters.evidence, protocols=protocols)
    assert said in words((answer_finding(evidence, of_clusters.labels, recipe="pca"),))


def test_names_and_evidence_stand_beside_the_clusters(of_clusters: Run) -> None:
    """A cluster without a name says why; where none has one, the numbers stand alone."""
    names, trust = of_clusters.names, of_clusters.trust
    alone = found_finding(of_clusters.data, names, trust, n_kept=240)
    assert alone.table.columns == ("cells", "cluster", "stable")
    assert "--markers FILE" in words((alone,))
    first, *others = names.clusters
    proposal = replace(first.proposal, name="B", evidence_for=(("CD79A", 0.9), ("MS4A1", 0.8)))
    titled = replace(names, clusters=(replace(first, title="B", proposal=proposal), *others))
    finding = found_finding(of_clusters.data, titled, trust, n_kept=200)
    assert finding.table.rows[0][1].text == "B"
    assert finding.table.rows[0][3].text == "shows CD79A, MS4A1"
    assert "1 of 4 clusters have a name" in finding.sentences[0]
    assert "200 of 240 cells" in finding.title
    given = replace(names, clusters=(replace(first, majority=("mine", 0.87)), *others))
    finding = found_finding(of_clusters.data, given, trust, n_kept=240)
    assert finding.table.rows[0][3].text == "87 % of its cells carry this given label"
    assert "1 of 4 clusters are named after the given label" in words((finding,))
    assert "proposed from" not in words((finding,))


def test_suspects_that_chance_explains_are_said_to_be_no_more(of_audit: Audit) -> None:
    """In the very sentence that counts them."""
    suspects = of_audit.suspects
    few = replace(suspects, expected_by_chance=len(suspects.suspects) - 1.0, expected_sd=1.0)
    many = replace(suspects, expected_by_chance=len(suspects.suspects) / 4, expected_sd=1.0)
    (finding,) = suspect_findings(replace(of_audit, suspects=few))
    assert "is no more than that." in finding.sentences[0]
    (finding,) = suspect_findings(replace(of_audit, suspects=many))
    assert "is 4.0 times that." in finding.sentences[0]


def test_what_to_type_next_can_be_typed() -> None:
    """Paths with spaces are quoted as a shell wants them."""
    command = ("scbaseline", "predict", "my runs/hvg.safetensors", "YOUR.h5ad")
    finding = next_finding({Path("a.png"): "a picture"}, {"label": command}, seconds=1.25)
    assert finding.title == "Next (this took 1.2 s)"
    assert finding.sentences[0] == "To see a picture, open\n  a.png"
    command = "scbaseline predict 'my runs/hvg.safetensors' YOUR.h5ad"
    assert finding.sentences[1] == f"To label, type\n  {command}"


def test_a_protocol_says_how_it_differs_where_others_stand_beside_it(of_clusters: Run) -> None:
    """The words are those of its row, and name no recipe; alone, there is nothing to compare."""
    beside = PROTOCOLS["published"].beside
    assert beside in words(findings_of_run(of_clusters))
    alone = {"published": of_clusters.evidence.protocols["published"]}
    evidence = replace(of_clusters.evidence, protocols=alone, inflation=())
    assert beside not in words(findings_of_run(replace(of_clusters, evidence=evidence)))


def test_labels_of_the_same_counts_are_said_to_make_scores_too_high(of_clusters: Run) -> None:
    """Where the inflation cannot be measured, its reason is still given."""
    evidence = replace(of_clusters.evidence, inflation=())
    (finding,) = inflation_findings(evidence, of_clusters.labels)
    assert "made from the same counts" in finding.sentences[0]
    assert "too high" in finding.sentences[0]
    independent = replace(of_clusters.labels, origin="independent")
    assert inflation_findings(evidence, independent) == ()


def test_inflation_is_that_of_the_reference(of_clusters: Run) -> None:
    """Of all recipes, the one that was fixed in advance is named."""
    inflation = tuple(
        Inflation(recipe, "f1_macro", (value,))
        for recipe, value in ((REFERENCE, 0.1), ("pca", 0.9))
    )
    evidence = replace(of_clusters.evidence, inflation=inflation)
    (finding,) = inflation_findings(evidence, of_clusters.labels)
    assert finding.sentences[0] == f"It adds to the scores of {REFERENCE}: macro-F1 0.100 (1 draw)."


def test_clusters_that_are_not_found_again_are_named() -> None:
    """With their worst source, and the cluster that their cells mix with."""
    clusters_n = np.repeat(["0", "1", "2"], [40, 30, 20])
    merged_n = np.repeat(["0", "1"], [40, 50])
    trust = cluster_trust(clusters_n, {"seeds": [clusters_n], "resolutions": [merged_n]})
    (finding,) = cluster_findings(trust, merged=False)
    assert "1 of 3 clusters are not found again" in finding.sentences[0]
    assert "2 (0.40 with other resolutions; its cells mix with 1)" in finding.sentences[0]
    (stable,) = cluster_findings(cluster_trust(clusters_n, {"seeds": [clusters_n]}), merged=False)
    assert stable.sentences == ("All clusters are found again with other seeds.",)


def test_only_other_seeds_and_resolutions_are_called_other() -> None:
    """There is one way to thin into halves."""
    ways = ["with other seeds", "with other resolutions", "with thinned halves"]
    assert again_with(("seeds", "resolutions", "thinned halves")) == ways


def test_trust_in_merged_clusters_is_said_to_be_too_high() -> None:
    """The clusterings that chose the merges cannot judge them; nothing is left to merge."""
    halves = np.repeat(["0", "1"], 50)
    stable = cluster_trust(halves, {"seeds": [halves]})
    lost = cluster_trust(halves, {"seeds": [np.tile(["0", "1"], 50)]})
    assert "judge it too well" not in words(cluster_findings(stable, merged=False))
    assert "judge it too well" in words(cluster_findings(stable, merged=True))
    assert "--merge-unstable merges them" in words(cluster_findings(lost, merged=False))
    assert "--merge-unstable merges them" not in words(cluster_findings(lost, merged=True))


def test_an_audit_is_one_paragraph_for_a_methods_section(of_audit: Audit) -> None:
    """Protocols in the words of their rows; one repeat is not counted in the plural."""
    paragraph = methods_paragraph(of_audit)
    assert paragraph.startswith("Classifiers of Leiden clusters")
    assert PROTOCOLS["published"].methods in paragraph
    assert "1 repeats" not in paragraph
    assert "\n" not in paragraph


def test_an_audit_says_what_is_real(of_audit: Audit) -> None:
    """Inflation, structure, comparison and suspects, and what has no meaning here."""
    titles = [finding.title for finding in findings_of_audit(of_audit)]
    for title in ("Inflation from double dipping", "Structure", "Labels to look at again"):
        assert title in titles
    assert f"Compared with {REFERENCE}" in titles
    said = words(findings_of_audit(of_audit))
    assert "group does not apply: " in said
    assert "1 draws" not in said


def test_a_training_says_what_it_was_judged_on(cells: AnnData) -> None:
    """The number of folds and of cells, and that the model has no test cells."""
    training = train(cells, replace(GIVEN, folds=2))
    said = words(findings_of_training(training))
    assert "2-fold cross-validation, n = 240 cells" in said
    assert "It has no test cells of its own" in said


def test_groups_are_listed(cells: AnnData) -> None:
    """Each unseen group has a row, and few groups are said to give no interval."""
    cells.obs["donor"] = [f"D{i % 3}" for i in range(cells.n_obs)]
    config = replace(GIVEN, group_key="donor", protocol=("group",))
    with pytest.warns(scbaseline.ScbaselineWarning, match="donor has 3 values"):
        result = run(cells, config)
    (finding,) = (f for f in findings_of_run(result) if "unseen group" in f.title)
    scores = result.evidence.by_group["pca"]
    assert [row[0].text for row in finding.table.rows] == [score.group for score in scores]
    assert "too few groups to draw from (1)" in words(findings_of_run(result))


def test_paths_of_one_folder_are_grouped() -> None:
    """Figures stand in one line."""
    paths = [Path("figures/qc.png"), Path("figures/umap.png"), Path("cells.h5ad")]
    assert short_paths(paths) == ["figures/{qc,umap}.png", "cells.h5ad"]


def test_a_share_is_written_in_one_way() -> None:
    """As `88.7 %`, with a space, wherever a person reads it."""
    folder = Path(scbaseline.__file__).parent
    tight = re.compile(r":\.\d+%\}|\d[fg]\}%")
    lines = [
        f"{path.name}: {line.strip()}"
        for path in sorted(folder.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if tight.search(line)
    ]
    assert lines == []


def test_no_section_names_a_recipe_or_a_protocol() -> None:
    """What depends on one stands in its row: a new row needs no other edit."""
    # "pca" is an input, too; "group" and "half" are words.
    names = {*RECIPES, *PROTOCOLS} - {"pca", "hvg", "group", "half"}
    folder = Path(scbaseline.__file__).parent
    for path in sorted([*(folder / "report").rglob("*.py"), *(folder / "cli").rglob("*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            node.body[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = names & set(node.value.split())
                assert node in docstrings or not named, f"{path}: {named}"
