"""A result in; everything that is to be said of it, in the order of reading, out."""

from scbaseline.model.card import ModelCard
from scbaseline.model.coverage import Coverage
from scbaseline.report.finding import Finding
from scbaseline.report.sections.card import card_findings
from scbaseline.report.sections.clusters import cluster_findings
from scbaseline.report.sections.comparison import comparison_findings
from scbaseline.report.sections.conclusion import answer_finding, found_finding, recipe_of
from scbaseline.report.sections.coverage import coverage_finding
from scbaseline.report.sections.data import data_finding
from scbaseline.report.sections.groups import group_findings
from scbaseline.report.sections.headline import headline_findings
from scbaseline.report.sections.inflation import inflation_findings
from scbaseline.report.sections.labels import label_finding
from scbaseline.report.sections.ladder import ladder_findings
from scbaseline.report.sections.limits import limit_findings
from scbaseline.report.sections.methods import methods_finding
from scbaseline.report.sections.per_label import label_score_findings
from scbaseline.report.sections.rivals import rival_findings
from scbaseline.report.sections.scores import scores_finding
from scbaseline.report.sections.structure import structure_findings
from scbaseline.report.sections.suspects import suspect_findings
from scbaseline.report.sections.time import time_finding
from scbaseline.report.sections.training import training_finding
from scbaseline.study.results import Audit, Run, Training


def findings_of_run(run: Run) -> tuple[Finding, ...]:
    """Return what is to be said of a run: what was found, the answer, then what it rests on."""
    recipes = run.config.recipe or ()
    return (
        found_finding(run.data, run.names, run.trust, n_kept=len(run.cells.obs)),
        answer_finding(run.evidence, run.labels, recipe=recipe_of(recipes)),
        *inflation_findings(run.evidence, run.labels),
        *structure_findings(run.evidence),
        *cluster_findings(
            run.trust,
            merged=run.config.merge_unstable,
            graph=run.exploration.graph,
            title_of=run.names.title_of,
        ),
        label_finding(run.labels, detail=True),
        *group_findings(run.evidence, recipe=recipe_of(recipes)),
        *limit_findings(run.evidence),
        data_finding(run.data, run.cells, detail=True),
        *headline_findings(run.evidence, recipes=recipes),
        scores_finding(run.evidence, recipes=recipes),
        *label_score_findings(run.evidence, recipes=recipes),
        time_finding(run.timings),
    )


def findings_of_audit(audit: Audit) -> tuple[Finding, ...]:
    """Return what is to be said of an audit: the answer, then what it rests on."""
    names, n_kept = audit.names, len(audit.cells.obs)
    found = [] if names is None else [found_finding(audit.data, names, audit.trust, n_kept=n_kept)]
    return (
        answer_finding(audit.evidence, audit.labels, recipe=audit.suspects_by),
        *inflation_findings(audit.evidence, audit.labels),
        *structure_findings(audit.evidence),
        *suspect_findings(audit),
        *found,
        *cluster_findings(
            audit.trust,
            merged=audit.config.merge_unstable,
            title_of=None if names is None else names.title_of,
        ),
        label_finding(audit.labels, detail=True),
        *group_findings(audit.evidence, recipe=audit.suspects_by),
        *limit_findings(audit.evidence),
        data_finding(audit.data, audit.cells, detail=True),
        *ladder_findings(audit),
        *comparison_findings(audit.evidence),
        methods_finding(audit),
        time_finding(audit.timings),
    )


def findings_of_training(training: Training) -> tuple[Finding, ...]:
    """Return what is to be said of a training."""
    recipes = training.config.recipe or ()
    return (
        data_finding(training.data, training.cells),
        label_finding(training.labels),
        time_finding(training.timings),
        training_finding(training),
        *rival_findings(training),
        *comparison_findings(training.evidence, recipes=recipes),
        *group_findings(training.evidence, recipe=recipes[-1]),
        *limit_findings(training.evidence),
    )


def findings_of_query(card: ModelCard, coverage: Coverage) -> tuple[Finding, ...]:
    """Return what a model is, and what a query's genes let it do; details all."""
    return (*card_findings(card, detail=True), coverage_finding(coverage))
