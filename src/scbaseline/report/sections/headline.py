"""Evidence in; the scores with the strongest evidence out."""

from collections.abc import Sequence

from scbaseline.judge.metrics import METRICS
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.finding import Finding
from scbaseline.study.evidence import Evidence, ProtocolEvidence
from scbaseline.study.protocols import TIERS


def headline_findings(evidence: Evidence, *, recipes: Sequence[str]) -> tuple[Finding, ...]:
    """Give accuracy, and κ beside it, under the protocol with the strongest evidence.

    Parameters
    ----------
    recipes
        Those that were asked for; the reference stands beside them.
    """
    strongest = strongest_evidence(evidence)
    if strongest is None:
        return ()
    scores = []
    for recipe in dict.fromkeys((*recipes, REFERENCE)):
        if recipe in strongest.scorecards:
            accuracy, kappa = (
                strongest.scorecards[recipe].score(metric) for metric in ("accuracy", "kappa")
            )
            scores.append(f"{recipe} {accuracy.value:.3f} ({kappa.value:.3f})")
    title = f"Strongest evidence: {strongest.tier}, protocol {strongest.protocol.name}"
    sentence = f"Accuracy ({METRICS['kappa'].title}): {', '.join(scores)}."
    return (Finding(title, (sentence,), detail=True),)


def strongest_evidence(evidence: Evidence) -> ProtocolEvidence | None:
    """Return the protocol of the highest tier, if there is one that is no control."""
    order = [tier for tier in TIERS if tier != "control"]
    ranked = [p for p in evidence.protocols.values() if p.tier in order]
    return max(ranked, key=lambda p: order.index(p.tier), default=None)
