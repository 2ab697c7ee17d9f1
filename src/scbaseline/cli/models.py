"""``scbaseline train``, ``predict``, ``evaluate`` and ``show``: one classifier and its use."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from scbaseline.cli.app import Quiet, Verbose, app, counted, file_of, say, screen_for, stage_line
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions
from scbaseline.errors import ConfigError, OutputError

Reading = Annotated[ReadOptions, Parameter(name="*")]
DEFAULT_RECIPE = "hvg-earlystop"


@app.command
def train(
    input: str,  # noqa: A002 (the word that a user reads)
    /,
    *,
    settings: Annotated[RunConfig, Parameter(name="*")] = RunConfig(),  # noqa: B008 (it is frozen)
    reading: Reading = ReadOptions(),  # noqa: B008
    out: Path,
    from_disk: Annotated[bool | None, Parameter(negative="--no-from-disk")] = None,
    config: Path | None = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train one classifier on all labelled cells, judged by cross-validation.

    Of the settings, --label-key is needed, and --recipe is one, hvg-earlystop by default.
    From disk, the model is judged on test cells of its own instead.

    Parameters
    ----------
    input
        A data set's name, or the path of a file or folder with raw counts.
    out
        The model file to write, e.g. model.safetensors.
    from_disk
        Leave the counts of an .h5ad or .zarr on disk and read them in blocks, whatever their
        number; by default where they would take more than a quarter of the memory.
    config
        TOML file with any of these settings; flags win over it.
    quiet
        Print nothing but warnings and errors.
    verbose
        Print also the time of each stage.
    """
    from scbaseline.data.memory import too_large_for_memory
    from scbaseline.data.read import open_counts, read_counts
    from scbaseline.files import refuse_input_as_output, writable_file

    if settings.recipe == RunConfig().recipe:
        settings = replace(settings, recipe=(DEFAULT_RECIPE,))
    if settings.protocol is not None:
        raise ConfigError("--protocol: a model to be used is trained under inductive only")
    refuse_input_as_output(out, file_of(input), config, reading.obs)
    if writable_file(out).suffix != ".safetensors":  # another file may be somebody's data
        raise OutputError(
            f"--out {out}: a model's file ends in .safetensors; "
            f"try --out {out.with_suffix('.safetensors')}"
        )
    screen = screen_for(quiet=quiet)
    with stage_line(quiet=quiet) as progress:
        progress("reading counts")
        if from_disk is None:
            from_disk = too_large_for_memory(input, reading)
        if from_disk:
            progress("loading torch")
            from scbaseline.study.from_disk import train_from_disk

            with open_counts(input, reading) as adata:
                training = train_from_disk(adata, settings, progress=progress)
        else:
            adata = read_counts(input, reading, progress=not quiet)
            progress("loading torch")
            from scbaseline.study.train import train_classifier

            training = train_classifier(adata, settings, progress=progress)
        from scbaseline.report import models as text

        training.classifier.save(out)
    if from_disk:
        screen.print("Counts were left on disk and read in blocks; one split, no cross-validation")
    screen.print(text.training_lines(training))
    if verbose:
        for stage, seconds in training.timings.items():
            screen.print(f"  {seconds:7.2f} s  {stage}")
    screen.print()
    screen.print(text.training_table(training))
    screen.print()
    screen.print(text.training_reading(training))
    screen.print(f"Wrote {out}")


@app.command
def predict(
    model: Path,
    input: str,  # noqa: A002
    /,
    *,
    out: Path,
    reading: Reading = ReadOptions(),  # noqa: B008
    total_key: str | None = None,
    probabilities: bool = False,
    force: bool = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Label the cells of a file with a saved model; write cell_id, predicted_label, probability.

    Files of any size are read in blocks.

    Parameters
    ----------
    model
        A model file, as `scbaseline run` and `train` write.
    input
        A data set's name, or the path of a file or folder with raw counts.
    out
        The file to write: .csv, .tsv, .parquet, or .h5ad for a copy of the input's .h5ad with
        the columns added.
    total_key
        Column of obs that holds each cell's total count, where X holds only some genes.
    probabilities
        Write also the probability of each label.
    force
        Predict even where the data lack most of the model's genes.
    quiet
        Print nothing but warnings and errors.
    verbose
        Print also what the model is, and what the data's genes let it do for each label.
    """
    from scbaseline.data.read import open_counts
    from scbaseline.files import refuse_input_as_output
    from scbaseline.report.predictions import check_predictions_output, write_predictions

    named = file_of(input)
    source = Path(named) if named else None
    refuse_input_as_output(out, model, source, reading.obs)
    check_predictions_output(out, query=source)
    screen = screen_for(quiet=quiet)
    with stage_line(quiet=quiet) as progress:
        progress("loading the model")
        from scbaseline.data.stream import stream_counts
        from scbaseline.model.classifier import Classifier
        from scbaseline.report.models import card_lines, coverage_table, prediction_lines

        classifier = Classifier.load(model)
    if verbose:
        screen.print(card_lines(classifier.card))
    with open_counts(input, reading) as adata:
        with stage_line(quiet=quiet) as progress:
            progress(f"looking at {adata.n_obs:,} cells")
            stream = stream_counts(adata, total_key=total_key)
        for note in stream.notes:
            say("note", note)
        if verbose:
            screen.print(coverage_table(classifier.coverage(stream.var)))
        blocks = classifier.predict_stream(stream, force=force, probabilities=probabilities)
        n_cells = write_predictions(
            counted(blocks, len(stream.cell_ids), quiet=quiet), out, query=source
        )
    for line in prediction_lines(classifier.card):
        screen.print(line)
    screen.print(f"{out}: {len(stream.cell_ids):,} cells")
    for label, n in n_cells.items():
        screen.print(f"  {n:7,}  {label}")
    if empty := len(stream.cell_ids) - sum(n_cells.values()):
        screen.print(f"  {empty:7,}  without a label: cells without counts")


@app.command
def evaluate(
    model: Path,
    input: str,  # noqa: A002
    /,
    *,
    label_key: str,
    label_origin: Literal["same-counts", "independent", "unknown"] = "unknown",
    label_map: Path | None = None,
    reading: Reading = ReadOptions(),  # noqa: B008
    total_key: str | None = None,
    out: Path | None = None,
    force: bool = False,
    quiet: Quiet = False,
) -> None:
    """Judge a saved model on another study's labelled cells (protocol external, tier T4).

    Parameters
    ----------
    model
        A model file, as `scbaseline run` and `train` write.
    input
        A data set's name, or the path of a file or folder with raw counts.
    label_key
        Column of obs that holds the other study's labels.
    label_origin
        Where these labels come from: made from the same counts, or independent of them.
    label_map
        TOML file whose [labels] say which query label is which model label; unlisted ones are
        left out and counted. [model] may merge model labels in the same way.
    total_key
        Column of obs that holds each cell's total count, where X holds only some genes.
    out
        Folder for metrics.json and a confusion matrix.
    force
        Predict even where the data lack most of the model's genes.
    quiet
        Print nothing but warnings and errors.
    """
    from scbaseline.study.evaluate import evaluate_external, read_label_map

    mapped = read_label_map(label_map)
    from scbaseline.data.read import open_counts
    from scbaseline.report.write_external import check_external_outputs, save_external

    if out is not None:
        check_external_outputs(out, model, file_of(input), label_map, reading.obs)
    screen = screen_for(quiet=quiet)
    with stage_line(quiet=quiet) as progress, open_counts(input, reading) as adata:
        progress(f"predicting {adata.n_obs:,} cells")
        from scbaseline.data.stream import stream_counts
        from scbaseline.model.classifier import Classifier
        from scbaseline.report import models as text

        classifier = Classifier.load(model)
        stream = stream_counts(adata, total_key=total_key)
        settings = RunConfig(label_key=label_key, label_origin=label_origin)
        found = evaluate_external(classifier, stream, settings, label_map=mapped, force=force)
    screen.print(text.external_lines(found, classifier.card))
    screen.print()
    screen.print(text.evaluation_table(found.evaluation))
    if out is not None:
        for path in save_external(found, classifier.card, out):
            screen.print(f"Wrote {path}")


@app.command
def show(model: Path, /, *, json: bool = False) -> None:
    """Print what a model is, what it was trained on, and what its figures are worth.

    Parameters
    ----------
    model
        A model file, as `scbaseline run` and `train` write.
    json
        Print the whole card as JSON, for programs.
    """
    from scbaseline.model.classifier import Classifier
    from scbaseline.report.models import card_lines

    card = Classifier.load(model).card
    screen_for().print(card.to_json() if json else card_lines(card), soft_wrap=json)
