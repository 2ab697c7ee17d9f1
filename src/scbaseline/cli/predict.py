"""``scbaseline predict``: a saved model labels the cells of a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scbaseline.cli.app import (
    Force,
    Input,
    ModelFile,
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
from scbaseline.cli.progress import counted, stage_line
from scbaseline.data.options import ReadOptions


@app.command
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
    force: Force = False,
    overwrite: bool = False,
    report: ReportFile = None,
    report_genes: ReportGenes = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Label the cells of a file with a saved model; write cell_id, predicted_label, probability.

    Files of any size are read in blocks.

    Parameters
    ----------
    out
        The file to write: .csv, .tsv, .parquet, or .h5ad for a copy of the input's .h5ad with
        the columns added; or - for CSV on standard output.
    key_added
        Name of the label's column instead of predicted_label; replaces columns of that name.
    probabilities
        Write also the probability of each label.
    overwrite
        Replace an .h5ad that holds no predictions.
    verbose
        Print also what the model is, and what the data's genes let it do for each label.
    """
    from scbaseline.data.read import open_counts
    from scbaseline.files import is_standard_output, refuse_input_as_output
    from scbaseline.report.html.write import check_report_file
    from scbaseline.report.predictions import (
        check_predictions_output,
        refuse_strangers_file,
        write_predictions,
    )

    source = file_of(input)
    refuse_input_as_output(out, model, source, reading.obs)
    check_predictions_output(out, query=source, key_added=key_added)
    genes = names_in(report_genes)
    check_report_file(report, out, model, source, reading.obs, genes=genes)
    if not overwrite:
        refuse_strangers_file(out)
    with stage_line(quiet=quiet) as progress:
        progress("loading the model")
        from scbaseline.data.stream import stream_counts
        from scbaseline.model.classifier import Classifier
        from scbaseline.report.finding import Finding
        from scbaseline.report.findings import findings_of_query
        from scbaseline.report.screen import Screen
        from scbaseline.report.sections.predictions import model_note, prediction_findings

        classifier = Classifier.load(model)
    screen = Screen(quiet=quiet, verbose=verbose, stderr=is_standard_output(out))
    with open_counts(input, reading) as adata:
        with stage_line(quiet=quiet) as progress:
            progress(f"looking at {adata.n_obs:,} cells")
            stream = stream_counts(adata, total_key=total_key)
        for note in stream.notes:
            say("note", note)
        screen.show(*findings_of_query(classifier.card, classifier.coverage(stream.var)))
        n_cells = len(stream.cell_ids)
        blocks = classifier.predict_stream(stream, force=force, probabilities=probabilities)
        blocks, note_of = counted(blocks, n_cells, quiet=quiet), model_note(classifier.card)
        look = None
        if report is not None:
            with stage_line(quiet=quiet) as progress:
                progress("laying the cells out for the report")
                from scbaseline.report.save_report import look_and_report

                look, blocks = look_and_report(
                    report,
                    classifier,
                    stream,
                    blocks,
                    source=source,
                    name=Path(input).name,
                    genes=genes,
                )
        n_cells_of = write_predictions(
            blocks, out, query=source, key_added=key_added, model=note_of, look=look
        )
    if report is not None:
        screen.show(Finding("Report", (f"{report}: open it in a browser",)))
    written = "standard output" if is_standard_output(out) else str(out)
    screen.show(*prediction_findings(classifier.card, n_cells_of, n_cells=n_cells, out=written))
