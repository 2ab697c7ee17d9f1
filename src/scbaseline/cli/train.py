"""``scbaseline train``: one classifier for use, from labelled cells."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from scbaseline.cli.app import Input, Quiet, Reading, Settings, SettingsFile, Verbose, app, file_of
from scbaseline.cli.progress import stage_line
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions
from scbaseline.errors import OutputError
from scbaseline.ranks import ALONE, Ranks, launched


@app.command
def train(
    input: Input,  # noqa: A002 (the word that a user reads)
    /,
    *,
    settings: Settings = RunConfig(),  # noqa: B008 (it is frozen)
    reading: Reading = ReadOptions(),  # noqa: B008
    out: Path,
    from_disk: Annotated[bool | None, Parameter(negative="--no-from-disk")] = None,
    checkpoint: Path | None = None,
    config: SettingsFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train one classifier on all labelled cells, judged by cross-validation.

    Of the settings, --label-key is needed, and --recipe names one recipe.
    From disk, the model is judged on test cells of its own instead.

    Parameters
    ----------
    out
        The model file to write, e.g. model.safetensors.
    from_disk
        Leave the counts of an .h5ad or .zarr on disk and read them in blocks, whatever their
        number; by default where they would take more than a quarter of the memory, and where
        torchrun starts several ranks.
    checkpoint
        A folder in which the network's training is kept from epoch to epoch. A command that
        was killed goes on from there when it is typed again.
    verbose
        Print also the time of each stage.
    """
    from scbaseline.data.memory import too_large_for_memory
    from scbaseline.data.read import require_input
    from scbaseline.files import refuse_input_as_output, writable_file
    from scbaseline.study.settings import settings_of_training

    settings_of_training(settings)  # what cannot work is said before anything is read
    require_input(input)
    refuse_input_as_output(out, file_of(input), config, reading.obs)
    if writable_file(out).suffix != ".safetensors":  # another file may be somebody's data
        raise OutputError(
            f"--out {out}: a model's file ends in .safetensors; "
            f"try --out {out.with_suffix('.safetensors')}"
        )
    with _ranks() as ranks:
        quiet = quiet or ranks.rank > 0  # one speaks for all
        with stage_line(quiet=quiet) as progress:
            progress("reading counts")
            if from_disk is None:
                from_disk = ranks.size > 1 or too_large_for_memory(input, reading)
            with _counts(input, reading, from_disk=from_disk, quiet=quiet) as adata:
                progress("loading torch")
                from scbaseline.study import train as study

                training = study.train(
                    adata, settings, progress=progress, ranks=ranks, checkpoint=checkpoint
                )
            if ranks.rank == 0:
                training.classifier.save(out)
    if ranks.rank:
        return

    from scbaseline.report.findings import findings_of_training
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.files import files_finding

    screen = Screen(quiet=quiet, verbose=verbose)
    screen.show(*findings_of_training(training), files_finding(out.parent, [out]))


@contextmanager
def _ranks() -> Iterator[Ranks]:
    """Join the other ranks where torchrun started this one; a command alone loads nothing."""
    if not launched():
        yield ALONE
        return
    from scbaseline.learn.ranks import open_ranks

    with open_ranks() as ranks, warnings.catch_warnings():
        if ranks.rank:
            warnings.simplefilter("ignore")
        yield ranks


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
