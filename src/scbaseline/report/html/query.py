"""Predictions or an evaluation in; their page out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.colours import FAINT
from scbaseline.config import RunConfig
from scbaseline.model.classifier import Classifier
from scbaseline.model.coverage import Coverage
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.html.blocks import Block, CellMap, Chart, Page, Section
from scbaseline.report.html.cell_map import LaidOut, cell_map
from scbaseline.report.html.charts import matrices, reliability_chart
from scbaseline.report.html.pages import cluster_table, heaviest_genes
from scbaseline.report.html.provenance import provenance_section
from scbaseline.report.html.words import percent
from scbaseline.report.sections.card import card_findings
from scbaseline.report.sections.coverage import coverage_finding
from scbaseline.report.sections.evaluation import evaluation_findings
from scbaseline.report.sections.predictions import trust_finding
from scbaseline.report.sections.words import counted, joined, source_in_words
from scbaseline.report.sections.words import percent as share_of
from scbaseline.study.evaluate import Evaluation
from scbaseline.study.protocols import ANOTHER_STUDY

_DOUBTFUL = 0.5  # a label that is less probable than all others together
_N_NAMED = 3


def page_of_predictions(
    classifier: Classifier,
    table: pd.DataFrame,
    laid_out: LaidOut,
    *,
    name: str,
    coverage: Coverage,
    notes: Sequence[str] = (),
    genes: Sequence[str] = (),
    config: RunConfig,
) -> Page:
    """Return the page of a query's predictions.

    Parameters
    ----------
    classifier
        What predicted.
    table
        Predictions of all cells, with their majority labels.
    laid_out
        The cells that were laid out.
    name
        Of the query.
    coverage
        What its genes let the model do.
    notes
        What was done to the input, and how it was laid out.
    genes
        Genes to carry beside the markers and the model's.
    config
        The settings of the layout.
    """
    card = classifier.card
    trust = trust_finding(card)
    picture, sections = _parts(
        classifier, laid_out, coverage, genes=genes, config=config, name=name
    )
    return Page(
        title=f"scbaseline predict: {name}",
        subject=f"{len(table):,} cells, labelled by {card.recipe.name} ({len(card.labels)} labels, "
        f"trained on {card.data['title']})",
        answer=_counted(table, card.recipe.name),
        hero=label_chart(table, card.labels, picture),
        warnings=(*trust.sentences, *_weak(coverage), *notes),
        cells=picture,
        sections=sections,
    )


def page_of_evaluation(
    classifier: Classifier,
    evaluation: Evaluation,
    laid_out: LaidOut,
    *,
    name: str,
    notes: Sequence[str] = (),
    genes: Sequence[str] = (),
    config: RunConfig,
) -> Page:
    """Return the page of an evaluation; parameters as of :func:`page_of_predictions`."""
    card, scorecard = classifier.card, evaluation.scorecard
    accuracy, kappa = scorecard.score("accuracy"), scorecard.score("kappa")
    where = f"{ANOTHER_STUDY.name} ({evaluation.tier})"
    findings = evaluation_findings(evaluation, card)
    chart = reliability_chart({card.recipe.name: scorecard}, where=where)
    blocks: list[Block] = [*findings, *matrices({f"{card.recipe.name}, {where}": scorecard})]
    blocks += [] if chart is None else [chart]
    picture, sections = _parts(
        classifier, laid_out, evaluation.coverage, genes=genes, config=config, name=name
    )
    return Page(
        title=f"scbaseline evaluate: {name}",
        subject=f"{accuracy.n:,} cells of another study, judged by their labels "
        f"({source_in_words(evaluation.label_source)})",
        answer=f"{card.recipe.name}, trained on {card.data['title']}, names {percent(accuracy)} of "
        f"{accuracy.n:,} cells right (Cohen's kappa {kappa.value:.2f}).",
        hero=label_chart(evaluation.cells, card.labels, picture),
        warnings=(*findings[0].sentences[3:], *_weak(evaluation.coverage), *notes),
        cells=picture,
        sections=(Section("scores", "Scores", tuple(blocks)), *sections),
    )


def _parts(
    classifier: Classifier,
    laid_out: LaidOut,
    coverage: Coverage,
    *,
    genes: Sequence[str],
    config: RunConfig,
    name: str,
) -> tuple[CellMap, tuple[Section, ...]]:
    """Return the picture and the sections that both pages have."""
    card = classifier.card
    picture, dots, markers = cell_map(
        laid_out, model_genes=heaviest_genes(classifier), wanted=genes
    )
    blocks: list[Block] = [] if dots is None else [dots]
    blocks += [cluster_table(None, laid_out, markers), _majorities(laid_out)]
    methods = (
        f"Cells of {name} were labelled with scbaseline by {card.recipe.name}, trained on "
        f"{card.data['title']} ({len(card.labels)} labels); neighbours, Leiden clusters and UMAP "
        f"of the query followed the standard workflow of scanpy (seed {config.seed})."
    )
    model = f"{card.recipe.name}, sha256 {card.tensors_sha256}\n{card.data['fingerprint']}"
    return picture, (
        Section("clusters", "Labels and clusters", tuple(blocks)),
        Section("model", "Model", (*card_findings(card), coverage_finding(coverage))),
        provenance_section(None, config.to_dict(), methods=methods, models=model),
    )


def _counted(table: pd.DataFrame, recipe: str) -> str:
    """Say which labels are most frequent, and how many cells are in doubt."""
    labels = table[keys.PREDICTED_LABEL]
    n_labelled = int(labels.notna().sum())
    n_of: Mapping[str, int] = labels.value_counts().head(_N_NAMED).to_dict()
    named = joined(
        [f"{label} ({share_of(n / max(n_labelled, 1))})" for label, n in n_of.items() if n]
    )
    doubtful = int((table[keys.PROBABILITY] < _DOUBTFUL).sum())
    words = f"{recipe} labels {counted(n_labelled, 'cell')}"
    words += f", most often as {named}." if n_labelled else "."
    if keys.UNKNOWN in table:
        told = table[keys.UNKNOWN].dropna()
        words += (
            f" It calls {share_of(told.mean())} of the cells unknown."
            if len(told)
            else " The unknown scores of the whole query are shifted, so that no cell is called "
            "unknown or known. Read what the command printed before you use a label."
        )
    share = share_of(doubtful / max(n_labelled, 1))
    return f"{words} For {counted(doubtful, 'cell')} ({share}), the probability is below .5."


def label_chart(table: pd.DataFrame, labels: Sequence[str], picture: CellMap) -> Chart:
    """Count the cells of each label, in the colours that the picture of the cells has."""
    n_of = table[keys.PREDICTED_LABEL].value_counts()
    # Without a label, or with very many, the picture has none in colours.
    of_picture = [c for c in picture.content["columns"] if c["name"] == keys.PREDICTED_LABEL]
    colour_of = {
        name: colour
        for column in of_picture
        for name, colour in zip(column["names"], column["colours"], strict=True)
    }
    spec = {
        "rows": [str(label) for label in n_of.index],
        "values": [int(n) for n in n_of],
        "colours": [colour_of.get(str(label), FAINT) for label in n_of.index],
        "x": "cells",
    }
    caption = f"Cells by predicted label. The model knows {len(labels)} labels."
    return Chart("bars", "Predicted labels", caption, spec)


def _weak(coverage: Coverage) -> list[str]:
    """Say how many of the model's genes are missing, where that costs anything."""
    sentences = []
    if coverage.n_found < coverage.n_genes:
        sentences.append(
            f"{coverage.n_found:,} of the model's {coverage.n_genes:,} genes are in the data; they "
            f"carry {share_of(coverage.kept_weight, digits=0)} of its decisions."
        )
    if coverage.suffering:
        sentences.append(f"Labels that suffer from missing genes: {', '.join(coverage.suffering)}.")
    return sentences


def _majorities(laid_out: LaidOut) -> Finding:
    """Return each cluster of the query with its majority label and the label's share."""
    obs = laid_out.obs
    rows = []
    for name, own in obs.groupby(keys.LEIDEN, observed=True):
        label, share = own[keys.MAJORITY_LABEL].iloc[0], own[keys.MAJORITY_SHARE].iloc[0]
        probability = own[keys.PROBABILITY].mean()
        share_text = "–" if label is None or not np.isfinite(share) else share_of(share)
        rows.append(
            (
                Cell(str(name)), Cell(f"{len(own):,}"), Cell(str(label or "–")),
                Cell(share_text), Cell(f"{probability:.2f}"),
            )
        )  # fmt: skip
    columns = ("cluster", "cells", "majority-vote label", "its share", "mean probability")
    sentences = (
        (
            "Clusters are made from the query's own counts. The majority-vote label is the most "
            "frequent label of a cluster. It stands beside each cell's own label and never "
            "replaces it, since a vote hides rare types."
        ),
    )
    return Finding("Clusters of the query", sentences, Table(columns, tuple(rows), (1, 3, 4)))
