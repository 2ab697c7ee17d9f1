"""What a person reads in the terminal: a run in, lines and one table out."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from scbaseline.card import ModelCard
from scbaseline.evaluate import ESTIMAND, MIN_CELLS_FOR_INTERVAL, Score
from scbaseline.networks import RECIPES
from scbaseline.protocols import CLUSTERS, TIERS
from scbaseline.results import Run
from scbaseline.split import TRAINING

_SHOWN = {"accuracy": "accuracy", "f1_macro": "macro-F1"}


def data_line(run: Run) -> str:
    """Say what the counts are, and what of them was used."""
    data, cells = run.data, run.cells
    dropped = "; ".join(f"{n:,} dropped, {rule}" for rule, n in cells.dropped.items())
    line = (
        f"{data.title}: {data.n_cells:,} cells × {data.n_genes:,} genes, "
        f"{data.n_counts:,} counts\n"
        f"{cells.adata.n_obs:,} cells kept ({dropped}); "
        f"{run.exploration.n_clusters} Leiden clusters at resolution {run.config.resolution:g}"
    )
    if data.n_other_features:
        line += f"\n{data.n_other_features:,} rows that are not genes were left out"
    return line


def label_line(run: Run) -> str:
    """Say what is predicted, and which cells could not take part."""
    labels = run.labels
    what = "the Leiden clusters" if labels.source == CLUSTERS else labels.source.split(":", 1)[1]
    line = f"Predicting {what}: {len(labels.names)} labels"
    if labels.n_unlabelled:
        line += f"; {labels.n_unlabelled:,} cells without a label left out"
    if labels.rare:
        rare = ", ".join(f"{name} ({n})" for name, n in labels.rare.items())
        line += f"; too few cells, left out: {rare}"
    notes = dict.fromkeys(note for one in run.protocols.values() for note in one.space.notes)
    return "\n".join([line, *notes])


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
        for metric, title in _SHOWN.items():
            first = metric == "accuracy"
            table.add_row(
                Text(recipe if first else "", style="" if recipe in RECIPES else "dim"),
                title,
                *(_figure(one.evaluations[recipe].score(metric)) for one in run.protocols.values()),
            )
    return table


def reading(run: Run) -> str:
    """Say, in plain words, what the intervals mean and why the columns differ."""
    tiers = dict.fromkeys(one.tier for one in run.protocols.values())
    interval = "95 % bootstrap interval over test cells, stratified by label for macro-F1"
    lines = [f"[low, high]: {interval}, {ESTIMAND}."]
    evaluation = next(iter(next(iter(run.protocols.values())).evaluations.values()))
    few = [s for s in evaluation.scores if s.metric == "support" and s.n < MIN_CELLS_FOR_INTERVAL]
    if few:
        counted = ", ".join(f"{s.label} ({s.n})" for s in few)
        lines.append(
            "Macro-F1 weighs every label alike, also those with hardly a test cell, on which it "
            f"can swing: {counted}."
        )
    lines += [f"{tier}: {TIERS[tier]}." for tier in tiers]
    if {"published", "inductive"} <= run.protocols.keys():
        lines.append(
            "The columns differ because `published` chose genes, scale and components on all "
            "cells and stopped on the test cells, while `inductive` fitted nothing on a test cell "
            "and keeps validation cells back, so that it also has fewer to train on"
            + (
                "; in both, the clusters were made from the same counts, test cells included: "
                "to that extent, they predict themselves."
                if run.labels.source == CLUSTERS
                else "."
            )
        )
    return "\n".join(lines)


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
        table.add_row(label, f"{scores[0].n:,}", *map(_figure, scores))
    return table


def _figure(score: Score) -> Text:
    text = Text(f"{score.value:.3f}")
    if score.low is not None:
        text.append(f" [{score.low:.3f}, {score.high:.3f}]", style="dim")
    return text


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
        f"            licence {data['licence'] or 'not known'}; content {data['fingerprint']}",
        f"evidence    {card.protocol}, {card.tier}: {TIERS.get(card.tier, 'tier not known')}",
    ]
    for row in card.metrics:
        if row["label"] is None:
            interval = f" [{row['low']:.3f}, {row['high']:.3f}]" if row["low"] is not None else ""
            lines.append(
                f"            {row['metric']} {row['value']:.3f}{interval}, n = {row['n']:,}"
            )
    lines += [f"note        {note}" for note in card.notes]
    lines.append(
        "made with   " + ", ".join(f"{name} {version}" for name, version in card.versions.items())
    )
    return "\n".join(lines)


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
