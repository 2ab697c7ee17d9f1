"""``scbaseline datasets`` and ``doctor``: what can be read, and what a file holds."""

from typing import Annotated

from cyclopts import Parameter

from scbaseline.cli.app import app, screen_for
from scbaseline.data.options import ReadOptions


@app.command
def datasets() -> None:
    """List the data sets that can be named, and where each is found now."""
    from scbaseline.data.datasets import describe_datasets

    screen = screen_for()
    for found in describe_datasets():
        data = found.dataset
        where = f"{found.where}: {found.path}" if found.path else "not here yet: will be downloaded"
        screen.print(f"{data.name}", style="bold")
        screen.print(
            f"  {data.title}; {data.n_cells:,} cells × {data.n_genes:,} genes; {data.licence}\n"
            f"  {data.summary}\n  {where}"
        )


@app.command
def doctor(
    input: str,  # noqa: A002
    /,
    *,
    reading: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008
    json: bool = False,
) -> None:
    """Say what a file holds, what that means, and what to type next.

    Parameters
    ----------
    input
        A data set's name, or the path of any file or folder that can be read.
    json
        Print it as JSON, for programs.
    """
    from scbaseline.data.doctor import examine
    from scbaseline.data.findings import findings, summary
    from scbaseline.data.provenance import provenance_of
    from scbaseline.data.read import open_counts

    with open_counts(input, reading) as adata:
        diagnosis, notes = examine(adata), provenance_of(adata).notes
        said = findings(
            diagnosis,
            obs_names=adata.obs_names,
            var_names=adata.var_names,
            allow_fractional=reading.allow_fractional,
        )
    if json:
        from json import dumps

        screen_for().print(dumps(summary(diagnosis, said) | {"notes": notes}, indent=2))
        return
    screen = screen_for()
    screen.print(f"{input}: {diagnosis.n_cells:,} cells × {diagnosis.n_genes:,} genes")
    for note in notes:
        screen.print(f"  {note}")
    for finding in said:
        screen.print(f"  {'cannot be used: ' if finding.is_refusal else ''}{finding}")
    if not any(finding.is_refusal for finding in said):
        screen.print("  can be used as it is")
