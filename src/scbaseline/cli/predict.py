"""``scbaseline predict``: a saved model labels the cells of a file."""

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from scbaseline.cli.app import (
    Force,
    Input,
    ModelFile,
    Overwrite,
    Quiet,
    Reading,
    ReportFile,
    ReportGenes,
    TotalKey,
    Verbose,
    app,
    file_of,
    names_in,
    say,
)
from scbaseline.cli.groups import USE
from scbaseline.cli.notes import say_notes
from scbaseline.cli.progress import counted, stage_line, warned_without_page
from scbaseline.cli.ranks import joined_ranks
from scbaseline.data.options import ReadOptions
from scbaseline.errors import ConfigError
from scbaseline.model.options import PredictOptions

if TYPE_CHECKING:
    from scbaseline.data.stream import CountStream
    from scbaseline.model.classifier import Classifier
    from scbaseline.model.query import LabelledQuery
    from scbaseline.report.finding import Finding

Options = Annotated[PredictOptions, Parameter(name="*")]


@app.command(
    group=USE,
    sort_key=1,
    help_epilogue="Example: scbaseline predict model.safetensors new_cells.h5ad "
    "--out predictions.csv",
)
def predict(
    model: ModelFile,
    input: Input,  # noqa: A002 (the word that a user reads)
    /,
    *,
    out: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    reading: Reading = ReadOptions(),  # noqa: B008 (it is frozen)
    total_key: TotalKey = None,
    key_added: str | None = None,
    probabilities: bool = False,
    options: Options = PredictOptions(),  # noqa: B008 (it is frozen)
    group_key: str | None = None,
    force: Force = False,
    overwrite: Overwrite = False,
    json: bool = False,
    report: ReportFile = None,
    report_genes: ReportGenes = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Label the cells of a file with a saved model, and say how far to trust the labels.

    Columns: cell_id, predicted_label, probability; unknown (true, false, or missing where only
    the order of the scores can be trusted) and unknown_score (higher is stranger), from a model
    of a recipe on counts such as robust; prediction_set, the labels that the cell may have,
    joined by bars. How sure the model is of each label is printed first, on standard error.

    Files of any size are read in blocks. torchrun -m scbaseline predict … shares one among
    several processes, which write one file.

    Parameters
    ----------
    out
        The file to write: .csv, .tsv, .parquet, or .h5ad for a copy of the input's .h5ad with
        the columns added; or - for CSV on standard output.
    key_added
        Name of the label's column instead of predicted_label; replaces columns of that name.
    probabilities
        Also write the probability of each label.
    group_key
        Column of obs with each cell's donor, batch or sample: also print how sure the
        model is for each.
    json
        Print how sure the model is as JSON on standard output, and nothing else there.
    verbose
        Also print what the model is, and what the data's genes let it do for each label.
    """
    from scbaseline.data.read import open_counts
    from scbaseline.files import is_standard_output

    source, to_stdout, genes = file_of(input), is_standard_output(out), names_in(report_genes)
    with joined_ranks("prediction", folders=[out.parent]) as ranks:
        quiet = quiet or ranks.rank > 0  # one speaks for all
        if json and to_stdout:
            raise ConfigError(
                "--json: standard output holds the table already; name a file as --out"
            )
        _check_outputs(
            out, report, (model, source, reading.obs), key_added=key_added, overwrite=overwrite,
            genes=genes,
        )  # fmt: skip
        with stage_line(quiet=quiet) as progress:
            progress("loading the model")
            from scbaseline.data.stream import stream_counts
            from scbaseline.learn.device import choose_device
            from scbaseline.model.classifier import Classifier
            from scbaseline.model.query import predict_query
            from scbaseline.model.serve import coverage_of_query
            from scbaseline.report.findings import findings_of_query
            from scbaseline.report.html.cell_map import require_genes
            from scbaseline.report.screen import Screen
            from scbaseline.study.labels import samples_from_column

            choose_device(options.device)  # a missing GPU is said now, not after the reading
            classifier = Classifier.load(model)
        screen = Screen(quiet=quiet or json, verbose=verbose, stderr=to_stdout)
        with open_counts(input, reading) as adata:
            samples = None if group_key is None else samples_from_column(adata.obs, group_key)
            with stage_line(quiet=quiet) as progress:
                progress(f"looking at {adata.n_obs:,} cells")
                stream = stream_counts(
                    adata, total_key=total_key, ranks=ranks, model_genes=classifier.card.genes
                )
            if ranks.rank == 0:
                say_notes(stream, quiet=quiet)
            screen.show(*findings_of_query(classifier.card, coverage_of_query(classifier, stream)))
            require_genes(genes, stream.var.index)
            n_own = stream.own.stop - stream.own.start
            # Whether a cell is unknown depends on the whole query, so nothing is written before.
            predictions = predict_query(
                classifier, stream, options, samples=samples, force=force,
                probabilities=probabilities,
                passing=lambda blocks: counted(blocks, n_own, quiet=quiet),
            )  # fmt: skip
            if ranks.rank:
                return
            _say_doubt(predictions, quiet=quiet, json=json)
            said = _write(
                predictions, out, classifier, stream.alone(), input=input, key_added=key_added,
                report=report, genes=genes, quiet=quiet,
            )  # fmt: skip
        screen.show(*said)


def _write(
    predictions: "LabelledQuery",
    out: Path,
    classifier: "Classifier",
    stream: "CountStream",
    *,
    input: str,  # noqa: A002
    key_added: str | None,
    report: Path | None,
    genes: tuple[str, ...],
    quiet: bool,
) -> tuple["Finding", ...]:
    """Write the file, and the page where one was asked for; return what to say of them."""
    from scbaseline.files import is_standard_output
    from scbaseline.report.predictions import write_predictions
    from scbaseline.report.sections.predictions import prediction_findings

    look, blocks = None, iter(predictions.blocks)
    if report is not None:
        from scbaseline.report.save_report import look_and_report

        with warned_without_page(report), stage_line(quiet=quiet) as progress:
            progress("laying the cells out for the report")
            look, blocks = look_and_report(
                report, classifier, stream, predictions.blocks, source=file_of(input),
                name=Path(input).name, genes=genes,
            )  # fmt: skip
    n_cells_of = write_predictions(
        blocks, out, query=file_of(input), key_added=key_added, model=classifier.card.note,
        look=look,
    )  # fmt: skip
    return prediction_findings(
        classifier.card, n_cells_of, n_cells=len(stream.cell_ids), report=report if look else None,
        out="standard output" if is_standard_output(out) else str(out),
    )  # fmt: skip


def _check_outputs(
    out: Path,
    report: Path | None,
    inputs: tuple[Path | None, ...],
    *,
    key_added: str | None,
    overwrite: bool,
    genes: tuple[str, ...],
) -> None:
    """See before the work that both files can be written, and that neither is somebody else's."""
    from scbaseline.files import refuse_input_as_output
    from scbaseline.report.html.write import check_report_file
    from scbaseline.report.ours import refuse_strangers_files
    from scbaseline.report.predictions import check_predictions_output

    refuse_input_as_output(out, *inputs)
    check_predictions_output(out, query=inputs[1], key_added=key_added)
    refuse_strangers_files([out], overwrite=overwrite)
    check_report_file(report, out, *inputs, genes=genes, overwrite=overwrite)


def _say_doubt(predictions: "LabelledQuery", *, quiet: bool, json: bool) -> None:
    """Say first, where no table can hide it, how far to trust the labels."""
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.doubt import doubt_findings, loud_line

    if line := loud_line(predictions.doubt):
        say("warning", line)
    Screen(quiet=quiet, stderr=True).show(*doubt_findings(predictions))
    if json:
        print(dumps(predictions.doubt.to_dict(), ensure_ascii=False))
