"""An audit in; a paragraph for a methods section out."""

from scbaseline import __version__
from scbaseline.judge.metrics import LEVEL, METRICS
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.finding import Finding
from scbaseline.report.sections.inflation import PREDICT_THEMSELVES
from scbaseline.report.sections.words import joined, over_draws, percent
from scbaseline.study.evidence import ProtocolEvidence
from scbaseline.study.protocols import CLUSTERS, SAME_COUNTS, null_of
from scbaseline.study.results import Audit


def methods_finding(audit: Audit) -> Finding:
    """Return the paragraph as something to read."""
    return Finding("For a methods section", (methods_paragraph(audit),), detail=True)


def methods_paragraph(audit: Audit) -> str:
    """Return one paragraph in plain words, to be pasted into a methods section."""
    evidence = audit.evidence
    parts = [_opening(audit)]
    for of_protocol in evidence.protocols.values():
        parts += _scores(audit, of_protocol)
    for entry in evidence.inflation:
        if entry.recipe == REFERENCE and entry.metric == "accuracy":
            parts.append(
                "At equal depth, predicting clusters from the same counts that they were made "
                f"from raised the accuracy of {REFERENCE} by "
                f"{over_draws(entry.differences, digits=2)}."
            )
    parts += _structureless(audit)
    if evidence.structure is not None:
        verdict = evidence.structure.verdict
        parts.append(f"{verdict[0].upper()}{verdict[1:]}.")
    if about := dict.fromkeys(row.about for row in evidence.rows if row.low is not None):
        parts.append(f"Intervals are {LEVEL:.0f} % bootstrap intervals {'; '.join(about)}.")
    if not evidence.inflation and audit.labels.origin == SAME_COUNTS:
        parts.append(PREDICT_THEMSELVES)
    if audit.labels.source == CLUSTERS:
        parts.append(
            "Thinned parts are independent only if counts are Poisson distributed; a proof needs "
            "labels that do not come from these counts."
        )
    return " ".join(parts)


def _opening(audit: Audit) -> str:
    config, labels = audit.config, audit.labels
    of_labels = (
        f"Leiden clusters (resolution {config.resolution:g}) of the same counts"
        if labels.source == CLUSTERS
        else f"given labels ({labels.source.split(':', 1)[1]}, origin {labels.origin})"
    )
    fewer = [
        f" ({p.n_folds}-fold on unseen groups)"
        for p in audit.evidence.protocols.values()
        if p.protocol.tests_on == "groups" and p.n_folds < config.folds
    ]
    repeats = "" if config.repeats == 1 else f" with {config.repeats} repeats"
    return (
        f"Classifiers of {of_labels} in {audit.data.title} ({len(audit.cells.obs):,} cells after "
        f"quality control, {len(labels.names)} labels) were evaluated with scbaseline "
        f"{__version__} by {config.folds}-fold cross-validation{''.join(fewer)}{repeats}; every "
        "cell was predicted by classifiers that were not trained on it."
    )


def _scores(audit: Audit, evidence: ProtocolEvidence) -> list[str]:
    """Give accuracy and κ under one protocol, where the table has words for it."""
    protocol, config = evidence.protocol, audit.config
    if not protocol.methods:
        return []
    scores = []
    for recipe in dict.fromkeys((*(config.recipe or ()), REFERENCE)):
        accuracy, kappa = (evidence.scorecards[recipe].score(m) for m in ("accuracy", "kappa"))
        low, high = accuracy.low, accuracy.high
        interval = "" if low is None else f" [{low:.2f}, {high:.2f}]"
        scores.append(f"{accuracy.value:.2f}{interval} ({kappa.value:.2f}) for {recipe}")
    where = protocol.methods
    if protocol.tests_on == "groups":
        where += f" ({config.group_key})"
    if protocol.draws_counts:
        where += f" ({percent(config.thin_fraction, digits=0)} of the counts for the clusters)"
    return [f"{where}, accuracy ({METRICS['kappa'].title}) was {joined(scores)}."]


def _structureless(audit: Audit) -> list[str]:
    """Give the accuracy that the first protocol with a control reaches without any structure."""
    protocols = audit.evidence.protocols
    for name, evidence in protocols.items():
        null = null_of(evidence.protocol)
        if null is None or null.name not in protocols:
            continue
        accuracy = protocols[null.name].scorecards[REFERENCE].score("accuracy")
        return [
            (
                "On structureless counts of the same depths and gene frequencies, "
                f"{REFERENCE} still reached an accuracy of {accuracy.value:.2f} under the {name} "
                "protocol; these counts have no overdispersion, so that they hold the least noise "
                "that counts can have."
            )
        ]
    return []
