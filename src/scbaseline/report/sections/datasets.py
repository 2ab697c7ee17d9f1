"""Known data sets in; what each is, and where it is found now, out."""

from collections.abc import Iterable

from scbaseline.data.datasets import Location
from scbaseline.report.finding import Finding


def dataset_findings(locations: Iterable[Location]) -> tuple[Finding, ...]:
    """List the data sets that can be named."""
    findings = []
    for location in locations:
        data = location.dataset
        where = (
            f"{location.where}: {location.path}"
            if location.path
            else "not here yet: will be downloaded"
        )
        what = f"{data.title}; {data.n_cells:,} cells × {data.n_genes:,} genes; {data.licence}"
        findings.append(Finding(data.name, (what, data.summary, where)))
    return tuple(findings)
