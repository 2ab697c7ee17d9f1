"""What a person reads of one classifier: its card, its training, its figures on another study."""

from rich.table import Table
from rich.text import Text

from scbaseline.judge.compare import verdict
from scbaseline.judge.scores import ESTIMAND, Evaluation
from scbaseline.learn.recipes import RECIPES
from scbaseline.model.card import ModelCard
from scbaseline.model.coverage import Coverage
from scbaseline.report.console import (
    SHOWN,
    WHERE_OVER_GROUPS,
    data_lines,
    few_cells_lines,
    figure_text,
    group_lines,
    label_line,
)
from scbaseline.study.evaluate import PROTOCOL, ExternalEvaluation
from scbaseline.study.protocols import CLUSTERS, TIERS
from scbaseline.study.results import Training


def card_lines(card: ModelCard) -> str:
    """Return a model's card as a person reads it."""
    data = card.data
    steps = [f"{len(card.gene_symbols):,} genes"]
    steps += ["components"] if card.recipe.features == "pca" else []
    steps += [*map(str, card.recipe.hidden), f"{len(card.labels)} labels"]
    lines = [
        f"recipe      {card.recipe.name}: {' → '.join(steps)}",
        f"labels      {', '.join(card.labels)} ({card.label_source})",
        f"trained on  {data['title']}: {data['n_cells']:,} cells × {data['n_genes']:,} genes",
        f"            licence {data['licence'] or 'not known'}; fingerprint {data['fingerprint']}",
        f"evidence    {card.protocol}, {card.tier}: {TIERS.get(card.tier, 'tier not known')}",
    ]
    lines.append(f"judged on   {card.judged}")
    for row in card.metrics:
        if row["label"] is None:
            interval = f" [{row['low']:.3f}, {row['high']:.3f}]" if row["low"] is not None else ""
            lines.append(
                f"            {row['metric']} {row['value']:.3f}{interval}, n = {row['n']:,}"
            )
    notes = [data.get("notice", ""), *data.get("notes", ()), *card.notes]
    lines += [f"note        {note}" for note in notes if note]
    lines.append(
        "made with   " + ", ".join(f"{name} {version}" for name, version in card.versions.items())
    )
    return "\n".join(lines)


def prediction_lines(card: ModelCard) -> list[str]:
    """Say what must be known of predictions for cells that nobody has judged them on."""
    accuracy = next((row for row in card.metrics if row["metric"] == "accuracy"), None)
    judged = f" (accuracy {accuracy['value']:.3f}: {card.judged})" if accuracy else ""
    lines = [
        (
            f"These labels were not judged on these cells, but on those of {card.data['title']}"
            f"{judged}. The model knows its own {len(card.labels)} labels only and cannot say "
            "'none of these': check markers, or judge it with `scbaseline evaluate`."
        )
    ]
    if card.label_source == CLUSTERS:
        lines.append("The labels are numbers of Leiden clusters of those cells, not cell types.")
    if notice := card.data.get("notice"):
        lines.append(f"The model's own data: {notice}")
    return lines


def coverage_table(coverage: Coverage) -> Table:
    """Return what a query's genes let a model do for each label."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("label", "decision weight kept", "expected fall of F1"):
        table.add_column(title)
    for label, kept in coverage.kept_weight_by_label.items():
        table.add_row(label, f"{kept:.0%}", f"{coverage.expected_loss_by_label[label]:.3f}")
    table.add_row("all labels", f"{coverage.kept_weight:.0%}", f"{coverage.expected_loss:.3f}")
    return table


def training_lines(training: Training) -> str:
    """Say what the counts are, and what is learnt from them."""
    return "\n".join([data_lines(training.data, training.cells), label_line(training.labels)])


def training_table(training: Training) -> Table:
    """Return accuracy and macro-F1 of the recipe and the baselines over all folds."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("recipe", no_wrap=True)
    for title in SHOWN.values():
        table.add_column(title, no_wrap=True)
    for recipe, evaluation in training.evaluations.items():
        table.add_row(
            Text(recipe, style="" if recipe in RECIPES else "dim"),
            *(figure_text(evaluation.score(metric)) for metric in SHOWN),
        )
    return table


def training_reading(training: Training) -> str:
    """Say what the figures are about, and what they are worth."""
    evaluation = next(iter(training.evaluations.values()))
    n = evaluation.score("accuracy").n
    interval = "95 % bootstrap interval over cells, stratified by label for macro-F1"
    if training.n_folds:
        lines = [
            f"{training.n_folds}-fold cross-validation, n = {n:,} cells, each predicted by a fit",
            "that had not seen it; the model that is saved was trained on all of them but a",
            "validation part, and has no test cells of its own.",
        ]
    else:
        lines = [f"Judged on n = {n:,} test cells, which the model that is saved has not seen."]
    if training.by_group:
        lines += [
            *group_lines(training.by_group, training.config.recipe[0]),
            WHERE_OVER_GROUPS,
        ]
    else:
        lines.append(f"[low, high]: {interval}, {ESTIMAND}.")
    lines += few_cells_lines(evaluation)
    if training.difference is not None:
        lines.append(f"{verdict(training.difference)}.")
    lines += [*training.notes, f"{training.tier}: {TIERS[training.tier]}."]
    return "\n".join(lines)


def external_lines(found: ExternalEvaluation, card: ModelCard) -> str:
    """Say which cells of another study were judged, and what the model made of its genes."""
    n = found.evaluation.score("accuracy").n
    coverage = found.coverage
    genes = f"{coverage.n_found:,} of the model's {coverage.n_genes:,} genes"
    lines = [
        f"{card.recipe.name}, trained on {card.data['title']}",
        f"judged on {n:,} cells of another study ({PROTOCOL.name}, {found.tier})",
        f"{genes} found, which carry {coverage.kept_weight:.0%} of its decisions",
        *found.notes,
    ]
    if found.left_out:
        counted = ", ".join(f"{label} ({n:,})" for label, n in found.left_out.items())
        lines.append(f"labels without a counterpart, left out: {counted}")
    if found.n_unlabelled:
        lines.append(f"{found.n_unlabelled:,} cells without a label or without counts left out")
    return "\n".join(lines)


def evaluation_table(evaluation: Evaluation) -> Table:
    """Return accuracy and macro-F1, and below them each label's precision, recall and F1."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("label", "cells", "precision", "recall", "F1"):
        table.add_column(title, no_wrap=True, justify="right" if title == "cells" else "left")
    for label in evaluation.labels:
        n = evaluation.score("support", label).n
        if n == 0 and evaluation.score("precision", label).n == 0:
            continue  # neither there nor predicted
        scores = [evaluation.score(metric, label) for metric in ("precision", "recall", "f1")]
        # Of a label without cells, there is nothing to find again.
        table.add_row(label, f"{n:,}", *(figure_text(s) if n else Text("–") for s in scores))
    table.add_section()
    for metric, title in SHOWN.items():
        score = evaluation.score(metric)
        table.add_row(title, f"{score.n:,}", "", "", figure_text(score))
    return table
