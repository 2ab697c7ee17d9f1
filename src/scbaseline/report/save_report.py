"""A result and a name in; a page for a browser in one file, out."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from scbaseline.config import RunConfig
from scbaseline.data.coordinates import own_layout
from scbaseline.data.stream import CountStream
from scbaseline.files import write_atomically
from scbaseline.model.classifier import Classifier
from scbaseline.report.html.blocks import Page
from scbaseline.report.html.cell_map import require_genes
from scbaseline.report.html.looks import laid_out_cells, laid_out_query, with_majority
from scbaseline.report.html.pages import page_of_audit, page_of_training
from scbaseline.report.html.query import page_of_evaluation, page_of_predictions
from scbaseline.report.html.write import page_html
from scbaseline.study.evaluate import Evaluation
from scbaseline.study.look import Look, lay_out
from scbaseline.study.results import Audit, Training


def look_at_query(stream: CountStream, *, source: Path | None) -> Look:
    """Lay a query's cells out with the default settings, or as its own file does.

    Parameters
    ----------
    stream
        The query's counts.
    source
        Its file, whose ``X_umap`` is taken where it has one.
    """
    xy_n2 = own_layout(source, n_cells=stream.shape[0])
    return lay_out(stream.counts(), RunConfig(), xy_n2=xy_n2)


def look_and_report(
    path: Path,
    classifier: Classifier,
    stream: CountStream,
    blocks: Iterable[pd.DataFrame],
    *,
    source: Path | None,
    name: str,
    genes: Sequence[str] = (),
) -> tuple[Look, Iterator[pd.DataFrame]]:
    """Write the page of a query's predictions; return its layout and what to write to a file.

    Parameters
    ----------
    path
        The page's file.
    classifier, stream, blocks
        What predicted, the query, and the predictions of all its cells.
    source, name
        The query's file, and what it is called.
    genes
        Genes that the user asked for.

    Returns
    -------
    The cells in the plane, and the predictions with their majority labels beside.
    """
    require_genes(genes, stream.var.index)
    config, raw = RunConfig(), pd.concat(list(blocks))
    look = look_at_query(stream, source=source)
    table = with_majority(raw, look)
    laid_out = laid_out_query(table, look, obs=stream.obs, var=stream.var, config=config)
    notes = [*stream.notes, *([look.note] if look.note else [])]
    page = page_of_predictions(
        classifier, table, laid_out, name=name, coverage=classifier.coverage(stream.var),
        notes=notes, genes=genes, config=config,
    )  # fmt: skip
    _write(page, path)
    return look, iter([table])


def report_evaluation(
    path: Path,
    classifier: Classifier,
    stream: CountStream,
    evaluation: Evaluation,
    look: Look,
    *,
    name: str,
    genes: Sequence[str] = (),
) -> None:
    """Write the page of an evaluation; parameters as of :func:`look_and_report`."""
    table, config = with_majority(evaluation.cells, look), RunConfig()
    laid_out = laid_out_query(table, look, obs=stream.obs, var=stream.var, config=config)
    page = page_of_evaluation(
        classifier, evaluation, laid_out, name=name, notes=[look.note] if look.note else [],
        genes=genes, config=config,
    )  # fmt: skip
    _write(page, path)


def audit_page(audit: Audit, *, genes: Sequence[str] = ()) -> Page:
    """Lay an audit's cells out, unless they are too few for that, and return its page."""
    if audit.cells.counts.shape[0] <= audit.config.n_neighbors:
        return page_of_audit(audit, None)
    look = lay_out(audit.cells.counts, audit.config)
    return page_of_audit(audit, laid_out_cells(audit, look), genes=genes)


def report_training(path: Path, training: Training, *, genes: Sequence[str] = ()) -> None:
    """Lay a training's cells out, and write its page."""
    look = lay_out(training.cells.counts, training.config)
    _write(page_of_training(training, laid_out_cells(training, look), genes=genes), path)


def _write(page: Page, path: Path) -> None:
    text = page_html(page)
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))
