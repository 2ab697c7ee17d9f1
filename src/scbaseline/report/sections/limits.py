"""Evidence in; what is weaker than asked for, or could not be done at all, out."""

from scbaseline.report.finding import Finding
from scbaseline.study.evidence import Evidence


def limit_findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Give the notes of each protocol, and why others have no meaning here."""
    sentences = [
        f"{name}: {note}."
        for name, of_protocol in evidence.protocols.items()
        for note in of_protocol.notes
    ]
    others = [f"{name} does not apply: {why}." for name, why in evidence.not_applicable.items()]
    findings = [Finding("Limits", tuple(sentences))] if sentences else []
    findings += [Finding("Not judged", tuple(others), detail=True)] if others else []
    return tuple(findings)
