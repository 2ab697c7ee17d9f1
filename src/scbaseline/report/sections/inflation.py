"""Evidence in; what double dipping adds to the scores, out."""

from scbaseline.judge.metrics import METRICS
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.finding import Finding
from scbaseline.report.sections.words import counted, over_draws
from scbaseline.study.evidence import Evidence
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import SAME_COUNTS

PREDICT_THEMSELVES = (
    "The labels were made from the same counts, those of the test cells included. So these scores "
    "are too high, by an amount that was not measured."
)


def double_dipping(evidence: Evidence) -> list[str]:
    """Say in a sentence what double dipping adds to the reference's accuracy, if it is known."""
    return [
        "Half of the counts carries less information. At equal depth, predicting clusters from the "
        f"same counts that made them adds {100 * entry.mean:.1f} percentage points to the accuracy "
        f"of {REFERENCE} ({counted(len(entry.differences), 'draw')})."
        for entry in evidence.inflation
        if entry.recipe == REFERENCE and entry.metric == "accuracy"
    ]


def inflation_findings(evidence: Evidence, labels: Labels) -> tuple[Finding, ...]:
    """Say how much double dipping alone adds to the reference's scores.

    Where that cannot be measured, say that labels made from the counts predict themselves.
    """
    added = [
        f"{METRICS[entry.metric].title} {over_draws(entry.differences)}"
        for entry in evidence.inflation
        if entry.recipe == REFERENCE
    ]
    title = "Inflation from double dipping"
    if added:
        pairs = [
            f"{p.protocol.name} minus {p.protocol.same_half_as}"
            for p in evidence.protocols.values()
            if p.protocol.same_half_as in evidence.protocols
        ]
        sentences = (
            f"It adds to the scores of {REFERENCE}: {'; '.join(added)}.",
            (
                f"Measured as {', '.join(pairs)}: clusters of one half of the counts, predicted "
                "from that same half, and from the other half, at equal depth."
            ),
        )
        return (Finding(title, sentences, detail=True),)
    if labels.origin == SAME_COUNTS:
        return (Finding(title, (PREDICT_THEMSELVES,)),)
    return ()
