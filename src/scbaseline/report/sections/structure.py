"""Evidence in; whether the labels hold more than depth and counting noise, out."""

from scbaseline.report.finding import Finding
from scbaseline.study.evidence import Evidence


def structure_findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Give the verdict on structure, where there is one."""
    if evidence.structure is None:
        return ()
    verdict = evidence.structure.verdict
    return (Finding("Structure", (f"{verdict[0].upper()}{verdict[1:]}.",)),)
