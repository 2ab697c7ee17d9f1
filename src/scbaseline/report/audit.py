"""What a person reads of an audit: a table, the verdicts, a paragraph for a methods section."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from scbaseline import __version__
from scbaseline.judge.compare import verdict
from scbaseline.judge.evidence import REFERENCE
from scbaseline.judge.resample import OVER_GROUPS
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.console import (
    data_lines,
    group_lines,
    label_line,
    price_lines,
    same_counts_lines,
    trust_lines,
)
from scbaseline.study.ladder import Rung
from scbaseline.study.protocols import CLUSTERS, PROTOCOLS, TIERS
from scbaseline.study.verdicts import Audit

SHOWN = {"f1_macro": "macro-F1", "accuracy": "accuracy", "kappa": "κ"}
_MAJORITY = "majority"
_N_LISTED = 5  # suspects and pairs on the screen; the files hold all


def opening_lines(audit: Audit) -> str:
    """Say what the counts are, which clusters to trust, and what is predicted."""
    lines = [data_lines(audit.data, audit.cells)]
    if audit.trust is not None:
        lines += trust_lines(audit.trust, merged=audit.config.merge_unstable)
    lines.append(label_line(audit.labels))
    return "\n".join(lines)


def ladder_table(audit: Audit, *, every: bool) -> Table:
    """Return the whole ladder: one row per protocol and classifier.

    Parameters
    ----------
    every
        Whether baselines other than the reference and the majority have rows, too.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("protocol", "classifier", *SHOWN.values()):
        table.add_column(title, no_wrap=True)
    before = ""
    for protocol, classifier in dict.fromkeys((r.protocol, r.classifier) for r in audit.rungs):
        control = PROTOCOLS[protocol].structureless
        plain = classifier in ((REFERENCE,) if control else (*RECIPES, REFERENCE, _MAJORITY))
        if not plain and not every:
            continue
        rungs = [audit.rung(protocol, classifier, metric) for metric in SHOWN]
        first = protocol != before
        tier = f"{protocol}, {rungs[0].tier}" if rungs[0] is not None and first else ""
        style = "" if classifier in RECIPES else "dim"
        table.add_row(tier, Text(classifier, style=style), *map(_figure, rungs))
        before = protocol
    return table


def reading(audit: Audit) -> str:
    """Say what the ladder means: intervals, prices, verdicts, and what has no figure."""
    intervals = dict.fromkeys(r.estimand for r in audit.rungs if r.low is not None)
    lines = [f"[low, high]: 95 % interval {estimand}." for estimand in intervals]
    lines += _no_interval_lines(audit)
    lines.append(
        "(lowest–highest): over structureless draws, or over repeats where there is no interval; "
        "the figure before is their mean."
    )
    lines += [
        f"{tier}: {TIERS[tier]}." for tier in dict.fromkeys(rung.tier for rung in audit.rungs)
    ]
    lines += price_lines(audit.prices) or same_counts_lines(audit.labels)
    if audit.types is not None:
        lines.append(f"Verdict on structure: {audit.types.verdict}.")
    for name, differences in audit.differences.items():
        if PROTOCOLS[name].tier(audit.labels.origin) != "control":
            lines += [f"{name}: {verdict(one)}." for one in differences]
    if audit.by_group:
        lines += group_lines(audit.by_group, audit.suspects_by)
    lines += suspect_lines(audit)
    lines += [f"{name}: {note}." for name, notes in audit.notes.items() for note in notes]
    lines += [f"{name}: not applicable: {why}." for name, why in audit.not_applicable.items()]
    return "\n".join(lines)


def _no_interval_lines(audit: Audit) -> list[str]:
    """Say why figures on unseen groups have no interval, where they have none."""
    titles: dict[str, dict[str, None]] = {}  # why → the metrics, each once
    for rung in audit.rungs:
        of_groups = PROTOCOLS[rung.protocol].tests_on == "groups" and rung.metric in SHOWN
        if of_groups and rung.low is None and rung.estimand != OVER_GROUPS:
            titles.setdefault(rung.estimand, {})[SHOWN[rung.metric]] = None
    return [f"group: no interval for {', '.join(ones)}: {why}." for why, ones in titles.items()]


def suspect_lines(audit: Audit) -> list[str]:
    """Name the first suspect labels, and the pairs of labels that may be one."""
    found = audit.suspects
    if found is None:
        return []
    lines = [
        (
            f"Labels to look at again: {len(found.suspects):,} of {found.n_judged:,} cells, which"
            f" {audit.suspects_by}, fitted without them, calls otherwise with confidence; its own"
            f" doubt accounts for about {found.expected_by_chance:.0f} ± {found.expected_sd:.0f}."
        )
    ]
    one = found.pairs[found.pairs["perhaps_one"]] if len(found.pairs) else found.pairs
    if len(one):
        told = ", ".join(
            f"{a} and {b} (balanced accuracy between them {accuracy:.2f})"
            for a, b, accuracy in zip(
                one["label_a"][:_N_LISTED],
                one["label_b"][:_N_LISTED],
                one["balanced_accuracy"][:_N_LISTED],
                strict=True,
            )
        )
        lines.append(f"Labels that may be one: {told}.")
    return lines


def methods_paragraph(audit: Audit) -> str:
    """Return one paragraph in plain words, to be pasted into a methods section."""
    config, data = audit.config, audit.data
    clusters = audit.labels.source == CLUSTERS
    labels = (
        f"Leiden clusters (resolution {config.resolution:g}) of the same counts"
        if clusters
        else f"given labels ({audit.labels.source.split(':', 1)[1]}, origin {audit.labels.origin})"
    )
    n_cells = audit.cells.adata.n_obs
    fewer = audit.n_group_folds < config.folds
    of_groups = f" ({audit.n_group_folds}-fold on unseen groups)" if fewer else ""
    parts = [
        (
            f"Classifiers of {labels} in {data.title} ({n_cells:,} cells after quality control,"
            f" {len(audit.labels.names)} labels) were evaluated with scbaseline {__version__} by"
            f" {config.folds}-fold cross-validation{of_groups} with {config.repeats} repeats; every"
            " cell was predicted by classifiers that were not trained on it."
        )
    ]
    parts += _told(
        audit,
        "published",
        "As usually published, where genes, scale, principal components and early stopping have"
        " seen the test cells",
    )
    parts += _told(audit, "inductive", "With everything fitted on training cells only")
    parts += _told(audit, "group", f"On unseen groups ({config.group_key})")
    parts += _told(
        audit,
        "thinned",
        f"With clusters made from a binomially thinned {config.thin_fraction:.0%} of the counts and"
        " features from the rest",
    )
    for price in audit.prices:
        if price.classifier == REFERENCE and price.metric == "f1_macro":
            low, high = price.spread
            parts.append(
                f"At equal depth, predicting clusters from the very counts that they were made "
                f"from raised macro-F1 by {price.mean:.2f} ({len(price.differences)} draws: "
                f"{low:.2f} to {high:.2f})."
            )
    null = audit.rung("null-published", REFERENCE, "accuracy")
    if null is not None:
        parts.append(
            "On structureless counts of the same depths and gene frequencies, the published "
            f"protocol still reached an accuracy of {null.value:.2f}; these counts have no "
            "overdispersion, so that they hold the least noise that counts can have."
        )
    if audit.types is not None:
        parts.append(f"{audit.types.verdict[0].upper()}{audit.types.verdict[1:]}.")
    estimands = dict.fromkeys(r.estimand for r in audit.rungs if r.low is not None)
    if estimands:
        parts.append(f"Intervals are 95 % bootstrap intervals {'; '.join(estimands)}.")
    if not audit.prices:
        parts += same_counts_lines(audit.labels)
    if clusters:
        parts.append(
            "Thinned parts are independent for Poisson counts only; labels that do not come from "
            "these counts would be the proof."
        )
    return " ".join(parts)


def _told(audit: Audit, protocol: str, words: str) -> list[str]:
    told = []
    for classifier in (*audit.config.recipe, REFERENCE):
        f1 = audit.rung(protocol, classifier, "f1_macro")
        accuracy = audit.rung(protocol, classifier, "accuracy")
        if f1 is not None and accuracy is not None:
            interval = "" if f1.low is None else f" [{f1.low:.2f}, {f1.high:.2f}]"
            told.append(f"{f1.value:.2f}{interval} ({accuracy.value:.2f}) for {classifier}")
    return [f"{words}, macro-F1 (accuracy) was {_joined(told)}."] if told else []


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _figure(rung: Rung | None) -> Text:
    if rung is None:
        return Text("–")
    text = Text(f"{rung.value:.3f}")
    if rung.low is not None:
        text.append(f" [{rung.low:.3f}, {rung.high:.3f}]", style="dim")
    elif len(rung.repeats) > 1:
        text.append(f" ({min(rung.repeats):.3f}–{max(rung.repeats):.3f})", style="dim")
    return text
