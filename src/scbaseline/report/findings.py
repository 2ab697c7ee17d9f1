"""A result in; everything that is to be said of it, in the order of reading, out."""

from scbaseline.model.card import ModelCard
from scbaseline.model.coverage import Coverage
from scbaseline.report.finding import Finding
from scbaseline.report.sections.card import card_findings
from scbaseline.report.sections.clusters import cluster_findings
from scbaseline.report.sections.comparison import comparison_findings
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
from scbaseline.report.sections.scores import scores_finding
from scbaseline.report.sections.structure import structure_findings
from scbaseline.report.sections.suspects import suspect_findings
from scbaseline.report.sections.time import time_finding
from scbaseline.report.sections.training import training_finding
from scbaseline.study.results import Audit, Run, Training


def findings_of_run(run: Run) -> tuple[Finding, ...]:
    """Return what is to be said of a run."""
    recipes = run.config.recipe or ()
    return (
        data_finding(run.data, run.cells),
        *cluster_findings(run.trust, merged=run.config.merge_unstable, graph=run.exploration.graph),
        label_finding(run.labels),
        time_finding(run.timings),
        *label_score_findings(run.evidence, recipes=recipes),
        scores_finding(run.evidence, recipes=recipes),
        *headline_findings(run.evidence, recipes=recipes),
        *inflation_findings(run.evidence, run.labels),
        *structure_findings(run.evidence),
        *group_findings(run.evidence, recipe=recipes[-1]),
        *limit_findings(run.evidence),
    )


def findings_of_audit(audit: Audit) -> tuple[Finding, ...]:
    """Return what is to be said of an audit."""
    return (
        data_finding(audit.data, audit.cells),
        *cluster_findings(audit.trust, merged=audit.config.merge_unstable),
        label_finding(audit.labels),
        time_finding(audit.timings),
        *ladder_findings(audit),
        *inflation_findings(audit.evidence, audit.labels),
        *structure_findings(audit.evidence),
        *comparison_findings(audit.evidence),
        *group_findings(audit.evidence, recipe=audit.suspects_by),
        *suspect_findings(audit),
        *limit_findings(audit.evidence),
        methods_finding(audit),
    )


def findings_of_training(training: Training) -> tuple[Finding, ...]:
    """Return what is to be said of a training."""
    recipes = training.config.recipe or ()
    return (
        data_finding(training.data, training.cells),
        label_finding(training.labels),
        time_finding(training.timings),
        training_finding(training),
        *comparison_findings(training.evidence, recipes=recipes),
        *group_findings(training.evidence, recipe=recipes[-1]),
        *limit_findings(training.evidence),
    )


def findings_of_query(card: ModelCard, coverage: Coverage) -> tuple[Finding, ...]:
    """Return what a model is, and what a query's genes let it do; details all."""
    return (*card_findings(card, detail=True), coverage_finding(coverage))
