"""What a person reads in the terminal: a run in, lines and one table out."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from scbaseline.evaluate import ESTIMAND, MIN_CELLS_FOR_INTERVAL, Evaluation, Score
from scbaseline.labels import Labels
from scbaseline.networks import RECIPES
from scbaseline.protocols import CLUSTERS, TIERS
from scbaseline.qc import FilteredCells
from scbaseline.results import DataInfo, Run
from scbaseline.split import TRAINING

SHOWN = {"accuracy": "accuracy", "f1_macro": "macro-F1"}


def data_lines(data: DataInfo, cells: FilteredCells) -> str:
    """Say what the counts are, what was done to them, and what of them was used."""
    dropped = "; ".join(f"{n:,} dropped, {rule}" for rule, n in cells.dropped.items())
    lines = [
        f"{data.title}: {data.n_cells:,} cells × {data.n_genes:,} genes, {data.n_counts:,} counts",
        f"{cells.adata.n_obs:,} cells kept ({dropped})",
        *data.notes,
    ]
    if data.n_other_features:
        lines.append(f"{data.n_other_features:,} rows that are not genes were left out")
    return "\n".join(lines)


def label_line(labels: Labels) -> str:
    """Say what is predicted, and which cells could not take part."""
    if labels.source == CLUSTERS:
        line = f"Predicting {len(labels.names)} Leiden clusters"
    else:
        line = f"Predicting {labels.source.split(':', 1)[1]}: {len(labels.names)} labels"
    if labels.n_unlabelled:
        line += f"; {labels.n_unlabelled:,} cells without a label left out"
    if labels.rare:
        rare = ", ".join(f"{name} ({n})" for name, n in labels.rare.items())
        line += f"; too few cells, left out: {rare}"
    return line


def opening_lines(run: Run) -> str:
    """Say what the counts are, what is predicted, and what had to differ from the settings."""
    notes = dict.fromkeys(
        f"{name}: {note}" for name, one in run.protocols.items() for note in one.space.notes
    )
    return "\n".join([data_lines(run.data, run.cells), label_line(run.labels), *notes])


def headline_table(run: Run) -> Table:
    """Return the table of recipe × protocol, each figure with its interval, n and tier."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("recipe", no_wrap=True)
    table.add_column("")
    for name, one in run.protocols.items():
        n = next(iter(one.evaluations.values())).score("accuracy").n
        n_train = len(one.split.rows(TRAINING))
        words = f"{name}, {one.tier}\nn = {n:,} test cells\n{n_train:,} trained on"
        table.add_column(Text(words), no_wrap=True)
    recipes = list(next(iter(run.protocols.values())).trained)
    for recipe in recipes:
        for metric, title in SHOWN.items():
            first = metric == "accuracy"
            table.add_row(
                Text(recipe if first else "", style="" if recipe in RECIPES else "dim"),
                title,
                *(
                    figure_text(one.evaluations[recipe].score(metric))
                    for one in run.protocols.values()
                ),
            )
    return table


def reading(run: Run) -> str:
    """Say, in plain words, what the intervals mean and why the columns differ."""
    tiers = dict.fromkeys(one.tier for one in run.protocols.values())
    interval = "95 % bootstrap interval over test cells, stratified by label for macro-F1"
    lines = [f"[low, high]: {interval}, {ESTIMAND}."]
    evaluation = next(iter(next(iter(run.protocols.values())).evaluations.values()))
    lines += few_cells_lines(evaluation)
    lines += [f"{tier}: {TIERS[tier]}." for tier in tiers]
    if {"published", "inductive"} <= run.protocols.keys():
        lines += [
            "The columns may differ for two reasons: `published` chose genes, scale and",
            "components on all cells and stopped hvg-earlystop on the test cells, where",
            "`inductive` fitted nothing on a test cell; and `inductive` has fewer cells to train",
            "on, since it keeps some for validation. Where intervals overlap, chance may do it.",
        ]
        if run.labels.source == CLUSTERS:
            lines.append(
                "In both, the clusters were made from the same counts, test cells included: to "
                "that extent, they predict themselves."
            )
    return "\n".join(lines)


def few_cells_lines(evaluation: Evaluation) -> list[str]:
    """Name the labels with so few test cells that they make macro-F1 swing, if there are any."""
    supports = [s for s in evaluation.scores if s.metric == "support"]
    few = [f"{s.label} has {s.n}" for s in supports if 0 < s.n < MIN_CELLS_FOR_INTERVAL]
    if not few:
        return []
    return [f"Labels with hardly a test cell make macro-F1 unsteady: label {', '.join(few)}."]


def label_table(run: Run, protocol: str) -> Table:
    """Return F1 per label and recipe, under one protocol."""
    one = run.protocols[protocol]
    table = Table(title=f"F1 per label, {protocol} ({one.tier})", box=None, title_justify="left")
    table.add_column("label")
    table.add_column("test cells", justify="right")
    recipes = [name for name in one.trained if name in RECIPES]
    for recipe in recipes:
        table.add_column(recipe, no_wrap=True)
    for label in run.labels.names:
        scores = [one.evaluations[recipe].score("f1", label) for recipe in recipes]
        table.add_row(label, f"{scores[0].n:,}", *map(figure_text, scores))
    return table


def figure_text(score: Score) -> Text:
    """Return a value with its interval, if it has one."""
    text = Text(f"{score.value:.3f}")
    if score.low is not None:
        text.append(f" [{score.low:.3f}, {score.high:.3f}]", style="dim")
    return text


def short_paths(paths: list[Path]) -> list[str]:
    """Return the paths with files of one folder grouped: ``models/{pca,hvg}.safetensors``."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for path in paths:
        groups.setdefault((path.parent, path.suffix), []).append(path.stem)
    return [
        f"{folder / stems[0]}{suffix}" if len(stems) == 1
        else f"{folder / ('{' + ','.join(stems) + '}')}{suffix}"
        for (folder, suffix), stems in groups.items()
    ]  # fmt: skip
