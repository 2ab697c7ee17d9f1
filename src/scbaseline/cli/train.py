"""``scbaseline train``: one classifier for use, from labelled cells."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from scbaseline.cli.app import (
    Input,
    Overwrite,
    Quiet,
    Reading,
    ReportFile,
    ReportGenes,
    Settings,
    SettingsFile,
    Verbose,
    app,
    file_of,
    names_in,
)
from scbaseline.cli.groups import LEARN
from scbaseline.cli.progress import study_progress
from scbaseline.cli.ranks import joined_ranks
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions
from scbaseline.errors import OutputError

if TYPE_CHECKING:
    from scbaseline.study.results import Training

_REMEDY = "with --checkpoint it goes on from its last epoch"


@app.command(
    group=LEARN,
    sort_key=2,
    help_epilogue="Example: scbaseline train my_cells.h5ad --label-key cell_type "
    "--out model.safetensors",
)
def train(
    input: Input,  # noqa: A002 (the word that a user reads)
    /,
    *,
    settings: Settings = RunConfig(),  # noqa: B008 (it is frozen)
    reading: Reading = ReadOptions(),  # noqa: B008
    out: Path,
    from_disk: Annotated[bool | None, Parameter(negative="--no-from-disk")] = None,
    exam: bool = False,
    checkpoint: Path | None = None,
    config: SettingsFile = None,
    overwrite: Overwrite = False,
    report: ReportFile = None,
    report_genes: ReportGenes = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train one classifier on all labelled cells, judged by cross-validation.

    --label-key is needed; --recipe names one recipe. From disk, there is one split instead: the
    model is judged on test cells.

    Parameters
    ----------
    out
        The model file to write, e.g. model.safetensors.
    from_disk
        Leave the counts on disk and read them in blocks; by default where they would take more
        than a quarter of the memory, and where torchrun starts several ranks.
    exam
        Also leave each label out once, and measure how well its cells are found to be unknown.
        For recipe robust.
    checkpoint
        Folder in which the training is kept after each epoch. If the command is stopped, type it
        again: it goes on from the last epoch.
    verbose
        Print also the time of each stage.
    """
    from scbaseline.data.memory import too_large_for_memory
    from scbaseline.data.read import require_input
    from scbaseline.files import refuse_input_as_output, writable_file
    from scbaseline.report.html.write import check_report_file
    from scbaseline.report.ours import refuse_strangers_files
    from scbaseline.study.checkpoints import check_checkpoint
    from scbaseline.study.settings import settings_of_training

    genes = names_in(report_genes)
    folders = [path for path in (out.parent, checkpoint) if path is not None]
    with joined_ranks("training", remedy=_REMEDY, folders=folders) as ranks:
        settled = settings_of_training(settings)  # what cannot work is said before all else
        require_input(input)
        refuse_input_as_output(out, file_of(input), config, reading.obs)
        if writable_file(out).suffix != ".safetensors":  # another file may be somebody's data
            raise OutputError(
                f"--out {out}: a model's file ends in .safetensors; "
                f"try --out {out.with_suffix('.safetensors')}"
            )
        check_checkpoint(checkpoint, settled)
        quiet = quiet or ranks.rank > 0  # one speaks for all
        if ranks.rank == 0:
            refuse_strangers_files([out], overwrite=overwrite)
            check_report_file(
                report, out, file_of(input), config, reading.obs,
                genes=genes, overwrite=overwrite,
            )  # fmt: skip
        with study_progress(quiet=quiet, clusters=False) as (progress, fitted):
            progress("reading counts")
            if from_disk is None:
                from_disk = ranks.size > 1 or too_large_for_memory(input, reading)
            with _counts(input, reading, from_disk=from_disk, quiet=quiet) as adata:
                progress("loading torch")
                from scbaseline.study import train as study

                training = study.train(
                    adata, settings, progress=progress, fitted=fitted, exam=exam,
                    ranks=ranks, checkpoint=checkpoint,
                )  # fmt: skip
                progress("writing the model")
                if ranks.rank == 0:
                    training.classifier.save(out)
                    _write_report(report, training, genes)
    if ranks.rank:
        return

    from scbaseline.report.findings import findings_of_training
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.files import files_finding

    screen = Screen(quiet=quiet, verbose=verbose)
    written: dict[Path, list[Path]] = {}
    for path in (out, report):
        if path is not None:
            written.setdefault(path.parent, []).append(path)
    files = (files_finding(folder, paths) for folder, paths in written.items())
    screen.show(*findings_of_training(training), *files)


def _write_report(report: Path | None, training: "Training", genes: tuple[str, ...]) -> None:
    """Write the page that --report asked for; its cells are laid out for it."""
    if report is not None:
        from scbaseline.report.save_report import report_training

        report_training(report, training, genes=genes)


@contextmanager
def _counts(
    input: str,  # noqa: A002
    reading: ReadOptions,
    *,
    from_disk: bool,
    quiet: bool,
) -> Iterator[Any]:
    """Give the counts: in memory, or on disk while they are open."""
    from scbaseline.data.read import open_counts, read_counts

    if not from_disk:
        yield read_counts(input, reading, progress=not quiet)
        return
    with open_counts(input, reading) as adata:
        yield adata
