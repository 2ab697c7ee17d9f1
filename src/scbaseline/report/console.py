"""What a person reads in the terminal: a run in, lines and one table out."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from scbaseline.cells.qc import FilteredCells
from scbaseline.cells.trust import STABLE, ClusterTrust
from scbaseline.data.info import DataInfo
from scbaseline.judge.evidence import REFERENCE, Price
from scbaseline.judge.metrics import METRICS
from scbaseline.judge.resample import MIN_GROUPS
from scbaseline.judge.scores import ESTIMAND, MIN_CELLS_FOR_INTERVAL, Evaluation, Score
from scbaseline.learn.recipes import RECIPES
from scbaseline.study.group_scores import GroupScore
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import CLUSTERS, SAME_COUNTS, TIERS
from scbaseline.study.results import Run
from scbaseline.study.split import TRAINING

SHOWN = {"f1_macro": "macro-F1", "accuracy": "accuracy"}

WHERE_OVER_GROUPS = (
    "No interval over cells there, since cells of one group fare alike; `scbaseline audit` gives "
    f"intervals over groups, from {MIN_GROUPS} groups on."
)
"""Where to find the intervals that figures on unseen groups have."""


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
    if labels.source != CLUSTERS:
        line += f" (origin: {labels.origin})"
    if labels.rare:
        rare = ", ".join(f"{name} ({n})" for name, n in labels.rare.items())
        line += f"; too few cells, left out: {rare}"
    return line


def opening_lines(run: Run) -> str:
    """Say what the counts are, what is predicted, and what had to differ from the settings."""
    notes = dict.fromkeys(
        f"{name}: {note}"
        for name, one in run.protocols.items()
        for note in (*one.space.notes, *one.notes)
    )
    lines = [data_lines(run.data, run.cells)]
    graph = run.exploration.graph
    if graph.approximate:
        lines.append(
            f"Neighbours are approximate: {graph.recall:.1%} of the true ones, on a sample of cells"
        )
    if run.trust is not None:
        lines += trust_lines(run.trust, merged=run.config.merge_unstable)
    return "\n".join([*lines, label_line(run.labels), *notes])


def trust_lines(trust: ClusterTrust, *, merged: bool) -> list[str]:
    """Name the clusters that are not found again, before they are read as labels.

    Parameters
    ----------
    merged
        Whether unstable clusters were merged before.
    """
    lowest_k = trust.stability_ks.min(axis=1)
    worst_k = trust.stability_ks.argmin(axis=1)
    partner_of = {name: (partner, share) for name, partner, share in trust.merge_with}
    lines = []
    if unstable := [k for k in range(len(trust.names)) if not trust.stable_k[k]]:
        told = [
            f"{trust.names[k]} ({lowest_k[k]:.2f} over {trust.sources[worst_k[k]]}, "
            f"mixes with {partner_of[trust.names[k]][0]})"
            for k in unstable
        ]
        lines.append(
            f"Unstable clusters, found again with a Jaccard index below {STABLE}: "
            f"{', '.join(told)}"
            + ("; two are the fewest" if merged else "; --merge-unstable merges them")
        )
    else:
        lines.append(f"All clusters are found again under {', '.join(trust.sources)}")
    if merged:
        lines.append("Unstable clusters were merged by these same clusterings, which flatters them")
    if trust.half_agreement:
        low, high = min(trust.half_agreement), max(trust.half_agreement)
        mean = sum(trust.half_agreement) / len(trust.half_agreement)
        lines.append(
            f"Clusterings of half A and half B of the counts agree at ARI {mean:.2f} "
            f"({len(trust.half_agreement)} draws: {low:.2f} to {high:.2f})"
        )
    return lines


def headline_table(run: Run, *, wide: bool) -> Table:
    """Return the table of recipe × protocol, each figure with its interval or spread, and tier.

    Parameters
    ----------
    wide
        Whether an interval has room beside its value; else it stands below.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("recipe", no_wrap=True)
    table.add_column("")
    for name, ones in run.draws.items():
        n = next(iter(ones[0].evaluations.values())).score("accuracy").n
        n_train = len(ones[0].split.rows(TRAINING))
        tested = f"n = {n:,} test cells" if len(ones) == 1 else f"{len(ones)} draws of {n:,} cells"
        table.add_column(
            Text(f"{name}, {ones[0].tier}\n{tested}\n{n_train:,} trained on"), no_wrap=True
        )
    for recipe in next(iter(run.protocols.values())).trained:
        for metric, title in SHOWN.items():
            figures = [
                _over_draws([one.evaluations[recipe].score(metric) for one in ones])
                for ones in run.draws.values()
            ]
            first = metric == next(iter(SHOWN))
            row = Text(recipe if first else "", style="" if recipe in RECIPES else "dim")
            if wide:
                both = [Text.assemble(value, " ", (extent, "dim")) for value, extent in figures]
                table.add_row(row, title, *both)
            else:
                table.add_row(row, title, *(value for value, _ in figures))
                table.add_row("", "", *(Text(extent, style="dim") for _, extent in figures))
    return table


def _over_draws(scores: list[Score]) -> tuple[str, str]:
    """Return a value and, of one draw, its interval; of several, their lowest and highest."""
    if len(scores) == 1:
        score = scores[0]
        interval = f"[{score.low:.3f}, {score.high:.3f}]" if score.low is not None else ""
        return f"{score.value:.3f}", interval
    values = [score.value for score in scores]
    return f"{sum(values) / len(values):.3f}", f"({min(values):.3f}–{max(values):.3f})"


def reading(run: Run) -> str:
    """Say, in plain words, what the figures are worth and why the columns differ."""
    tiers = dict.fromkeys(one.tier for one in run.protocols.values())
    interval = "95 % bootstrap interval over test cells, stratified by label for macro-F1"
    lines = [*_highest_tier(run), f"[low, high]: {interval}, {ESTIMAND}."]
    if any(len(ones) > 1 for ones in run.draws.values()):
        lines.append("(lowest–highest): over draws; the figure before it is their mean.")
    lines += few_cells_lines(next(iter(next(iter(run.protocols.values())).evaluations.values())))
    lines += [f"{tier}: {TIERS[tier]}." for tier in tiers]
    if {"published", "inductive"} <= run.draws.keys():
        lines += [
            "published and inductive may differ for two reasons: `published` chose genes, scale",
            "and components on all cells and stopped hvg-earlystop on the test cells, where",
            "`inductive` fitted nothing on a test cell; and `inductive` has fewer cells to train",
            "on, since it keeps some for validation. Where intervals overlap, chance may do it.",
        ]
    lines += price_lines(run.prices) or same_counts_lines(run.labels)
    if run.by_group:
        recipe = run.config.recipe[-1]
        lines += [*group_lines(run.by_group[recipe], recipe), WHERE_OVER_GROUPS]
    lines += [f"{name}: not applicable: {why}." for name, why in run.not_applicable.items()]
    return "\n".join(lines)


def _highest_tier(run: Run) -> list[str]:
    """Give the headline: macro-F1, and accuracy beside it, at the highest tier reached."""
    evidence = {name: ones for name, ones in run.draws.items() if ones[0].tier in TIERS}
    order = list(TIERS)
    ranked = sorted(
        (name for name in evidence if evidence[name][0].tier != "control"),
        key=lambda name: order.index(evidence[name][0].tier),
    )
    if not ranked:
        return []
    name = ranked[-1]
    ones = evidence[name]
    told = []
    for recipe in (*run.config.recipe, REFERENCE):
        f1, accuracy = (
            sum(one.evaluations[recipe].score(metric).value for one in ones) / len(ones)
            for metric in ("f1_macro", "accuracy")
        )
        told.append(f"{recipe} {f1:.3f} ({accuracy:.3f})")
    return [
        (
            f"Headline, macro-F1 (accuracy) at the highest tier reached, {ones[0].tier} {name}: "
            f"{', '.join(told)}."
        )
    ]


def same_counts_lines(labels: Labels) -> list[str]:
    """Say what no price tells: that labels made from the counts predict themselves."""
    if labels.origin != SAME_COUNTS:
        return []
    return [
        (
            "The labels were made from the same counts, test cells included: to that extent, "
            "they predict themselves."
        )
    ]


def price_lines(prices: Sequence[Price]) -> list[str]:
    """Say what double dipping alone is worth to the reference classifier."""
    told = []
    for price in prices:
        if price.classifier == REFERENCE:
            low, high = price.spread
            n = len(price.differences)
            told.append(
                f"{METRICS[price.metric].title} {price.mean:.3f} "
                f"({n} draw{'s' if n > 1 else ''}: {low:.3f} to {high:.3f})"
            )
    if not told:
        return []
    return [
        (
            "Double dipping alone (half less thinned, at equal depth: the clusters predicting "
            f"themselves) is worth, to {REFERENCE}: {'; '.join(told)}."
        ),
    ]


def group_lines(scores: Sequence[GroupScore], recipe: str) -> list[str]:
    """List how one recipe did on each donor or batch."""
    told = ", ".join(f"{s.group} {s.f1_macro:.3f} ({s.n:,} cells)" for s in scores)
    return [f"{recipe}, macro-F1 by unseen group: {told}."]


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
