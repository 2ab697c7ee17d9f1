"""``scbaseline doctor``: what a file holds."""

from scbaseline.cli.app import Reading, app, say
from scbaseline.cli.groups import START
from scbaseline.data.options import ReadOptions
from scbaseline.errors import InputError


@app.command(
    group=START,
    sort_key=1,
    help_epilogue="Example: scbaseline doctor my_cells.h5ad",
)
def doctor(
    input: str,  # noqa: A002 (the word that a user reads)
    /,
    *,
    reading: Reading = ReadOptions(),  # noqa: B008 (it is frozen)
    json: bool = False,
) -> int:
    """Say what a file holds, what that means, and what to type next.

    The exit status is 1 if the file cannot be used.

    Parameters
    ----------
    input
        A data set's name, or the path of any file or folder that can be read.
    json
        Print it as JSON, for programs.
    """
    from dataclasses import asdict
    from json import dumps

    from scbaseline.data import next_step
    from scbaseline.data.doctor import examine
    from scbaseline.data.findings import findings
    from scbaseline.data.provenance import provenance_of
    from scbaseline.data.read import open_counts
    from scbaseline.data.summary import summary
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.doctor import doctor_finding

    try:
        with open_counts(input, reading) as adata:
            diagnosis, notes, obs = examine(adata), provenance_of(adata).notes, adata.obs
            remarks = findings(
                diagnosis,
                obs_names=adata.obs_names,
                var_names=adata.var_names,
                allow_fractional=reading.allow_fractional,
            )
    except InputError as error:
        typed = next_step.command_after(error, input, reading)
        if json:
            unread = {"usable": False, "error": str(error), "next": typed}
            Screen().text(dumps(unread, indent=2, ensure_ascii=False))
        if not typed:
            raise
        say("error", f"{error}; type the line below")
        if not json:
            Screen().text(typed)
        return error.exit_status
    usable = not any(remark.is_refusal for remark in remarks)
    labels, groups = next_step.label_columns(obs), next_step.group_columns(obs)
    typed = next_step.next_command(input, reading, diagnosis, usable=usable, obs=obs)
    screen = Screen()
    if json:
        columns = {
            "label_columns": [asdict(column) for column in labels],
            "group_columns": [asdict(column) for column in groups],
        }
        found = summary(diagnosis, remarks) | {"notes": notes, **columns, "next": typed}
        screen.text(dumps(found, indent=2))
    else:
        screen.show(
            doctor_finding(input, diagnosis, remarks, notes=notes, labels=labels, groups=groups)
        )
        # By itself and whole, so that it can be copied.
        screen.text(typed or next_step.without_command(diagnosis))
    return 0 if usable else 1
