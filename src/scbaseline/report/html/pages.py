"""A run, an audit or a training in; its page out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scbaseline import keys
from scbaseline.cells.trust import ClusterTrust
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.findings import findings_of_audit, findings_of_run, findings_of_training
from scbaseline.report.html.blocks import Block, CellMap, Chart, Page, Section
from scbaseline.report.html.cell_map import LaidOut, cell_map, title_of_group
from scbaseline.report.html.charts import (
    accuracy_chart,
    curve_charts,
    label_table,
    matrices,
    reliability_chart,
    score_table,
)
from scbaseline.report.html.provenance import provenance_section
from scbaseline.report.html.words import answer, run_methods, subject, warnings_of
from scbaseline.report.sections.clusters import STABILITY, again_with
from scbaseline.report.sections.headline import strongest_evidence
from scbaseline.report.sections.methods import methods_paragraph
from scbaseline.report.sections.rivals import rival_findings
from scbaseline.study.evidence import Evidence
from scbaseline.study.names import ClusterNames
from scbaseline.study.results import Audit, Run, Training

if TYPE_CHECKING:
    from anndata import AnnData

    from scbaseline.model.classifier import Classifier

_TOP_WEIGHTS = 24


def page_of_run(run: Run, cells: "AnnData", *, genes: Sequence[str] = ()) -> Page:
    """Return the page of a run.

    Parameters
    ----------
    run
        What to show.
    cells
        Its annotated cells, as ``cells.h5ad`` holds them.
    genes
        Genes to carry beside the markers and the model's.
    """
    clusters = "cluster_name" if "cluster_name" in cells.obs else keys.LEIDEN
    laid_out = LaidOut(
        run.exploration.umap_n2, cells.obs, run.cells.counts, run.cells.var.index,
        run.config.target_sum, group=run.config.label_key or clusters, n_all=len(cells.obs),
    )  # fmt: skip
    recipes = run.config.recipe or ()
    classifier = run.classifiers.get(recipes[-1]) if recipes else None
    picture, dots, markers = cell_map(
        laid_out, model_genes=heaviest_genes(classifier), wanted=genes
    )
    findings = findings_of_run(run)
    stability = [finding for finding in findings if finding.title == STABILITY]
    others = [finding for finding in findings if finding.title != STABILITY]
    blocks: list[Block] = [] if dots is None else [dots]
    blocks += [cluster_table(run.trust, laid_out, markers), *stability]
    n_kept = len(run.cells.obs)
    return Page(
        title=f"scbaseline run: {run.data.name}",
        subject=subject(run.data, run.labels, n_kept=n_kept),
        answer=answer(run.evidence, run.labels, recipes=recipes),
        hero=accuracy_chart(run.evidence, recipes=recipes),
        warnings=warnings_of(
            run.data, run.labels, run.evidence, run.config, more=_unstable(run.trust, run.names)
        ),
        cells=picture,
        sections=(
            Section("recipes", "Recipes", _recipes(run.evidence, recipes, _curves(run))),
            Section("clusters", "Clusters", tuple(blocks)),
            Section("findings", "Findings", _in_words(others)),
            provenance_section(
                run.data, run.config.to_dict(),
                methods=run_methods(
                    run.data, run.labels, run.evidence, run.config, n_kept=n_kept
                ),
            ),
        ),
    )  # fmt: skip


def page_of_audit(audit: Audit, laid_out: LaidOut | None, *, genes: Sequence[str] = ()) -> Page:
    """Return the page of an audit.

    Parameters
    ----------
    audit
        What to show.
    laid_out
        Its cells in the plane, where they were laid out.
    genes
        Genes to carry beside the markers.
    """
    recipes = audit.config.recipe or ()
    picture, clusters = _picture(laid_out, genes=genes, trust=audit.trust)
    n_kept = len(audit.cells.obs)
    return Page(
        title=f"scbaseline audit: {audit.data.name}",
        subject=subject(audit.data, audit.labels, n_kept=n_kept),
        answer=answer(audit.evidence, audit.labels, recipes=recipes),
        hero=accuracy_chart(audit.evidence, recipes=recipes),
        warnings=warnings_of(
            audit.data,
            audit.labels,
            audit.evidence,
            audit.config,
            more=_unstable(audit.trust, audit.names),
        ),
        cells=picture,
        sections=(
            Section("findings", "Findings", _shown(findings_of_audit(audit))),
            Section("recipes", "Recipes", _recipes(audit.evidence, recipes)),
            *clusters,
            provenance_section(
                audit.data, audit.config.to_dict(), methods=methods_paragraph(audit)
            ),
        ),
    )


def page_of_training(
    training: Training, laid_out: LaidOut | None, *, genes: Sequence[str] = ()
) -> Page:
    """Return the page of a training; parameters as of :func:`page_of_audit`."""
    recipes = training.config.recipe or ()
    picture, clusters = _picture(
        laid_out, genes=genes, model_genes=heaviest_genes(training.classifier)
    )
    data, labels, config = training.data, training.labels, training.config
    rivals = rival_findings(training)  # whole, table and all, below the other scores
    findings = [finding for finding in findings_of_training(training) if finding not in rivals]
    n_kept = len(training.cells.obs)
    return Page(
        title=f"scbaseline train: {recipes[0]} on {data.name}",
        subject=subject(data, labels, n_kept=n_kept),
        answer=answer(training.evidence, labels, recipes=recipes),
        hero=accuracy_chart(training.evidence, recipes=recipes),
        warnings=warnings_of(data, labels, training.evidence, config),
        cells=picture,
        sections=(
            Section("recipes", "Recipes", (*_recipes(training.evidence, recipes), *rivals)),
            *clusters,
            Section("findings", "Findings", _in_words(findings)),
            provenance_section(
                data, config.to_dict(),
                methods=run_methods(data, labels, training.evidence, config, n_kept=n_kept),
                models=f"{recipes[0]}, sha256 {training.classifier.card.tensors_sha256}"
                if training.classifier.card.tensors_sha256 else "",
            ),
        ),
    )  # fmt: skip


def heaviest_genes(classifier: "Classifier | None", *, n_top: int = _TOP_WEIGHTS) -> list[str]:
    """Return the genes that carry most of a classifier's decisions, the heaviest first."""
    if classifier is None:
        return []
    weight_g = classifier.weight_kg.numpy().sum(axis=0)
    order = np.argsort(-weight_g, kind="stable")[:n_top]
    return [classifier.card.gene_symbols[g] for g in order]


def cluster_table(
    trust: ClusterTrust | None, laid_out: LaidOut, markers: Mapping[str, tuple[str, ...]]
) -> Finding:
    """Return each group's size and markers and, of clusters, how far they are found again."""
    values = laid_out.obs[laid_out.group]
    sizes = values.value_counts()
    sources = () if trust is None else trust.sources
    number_of = dict(zip(values.astype(str), _numbers(laid_out), strict=True))
    rows = []
    for name, genes in markers.items():
        row = [Cell(name), Cell(f"{int(sizes.get(name, 0)):,}"), Cell(", ".join(genes))]
        if trust is not None:
            k = trust.names.index(number_of[name])
            row += [Cell(f"{value:.2f}") for value in trust.stability_ks[k]]
            row.append(Cell("yes" if trust.stable_k[k] else "no"))
        rows.append(tuple(row))
    stability = [f"found again {how}" for how in again_with(sources)]
    columns = ("name", "cells", "top markers", *stability, *(["stable"] if sources else []))
    numbers = (1, *range(3, 3 + len(sources)))
    return Finding(
        f"Each {title_of_group(laid_out.group)}", table=Table(columns, tuple(rows), numbers)
    )


def _unstable(trust: ClusterTrust | None, named: ClusterNames | None) -> list[str]:
    """Say which clusters are not found again, by their names where they have names."""
    if trust is None or trust.stable_k.all():
        return []
    title_of = {} if named is None else named.title_of
    lost = [
        title_of.get(name, name)
        for name, yes in zip(trust.names, trust.stable_k, strict=True)
        if not yes
    ]
    return [
        (
            f"{len(lost)} of {len(trust.names)} clusters are not found again when the cells are "
            f"clustered anew ({', '.join(lost)}): do not take them for cell types."
        )
    ]


def _numbers(laid_out: LaidOut) -> "list[str]":
    column = keys.LEIDEN if keys.LEIDEN in laid_out.obs else laid_out.group
    return [str(value) for value in laid_out.obs[column]]


def _picture(
    laid_out: LaidOut | None,
    *,
    genes: Sequence[str],
    model_genes: Sequence[str] = (),
    trust: ClusterTrust | None = None,
) -> tuple[CellMap | None, list[Section]]:
    if laid_out is None:
        return None, []
    picture, dots, markers = cell_map(laid_out, model_genes=model_genes, wanted=genes)
    blocks: list[Block] = [] if dots is None else [dots]
    blocks.append(cluster_table(trust, laid_out, markers))
    return picture, [Section("clusters", "Clusters and labels", tuple(blocks))]


def _recipes(
    evidence: Evidence, recipes: Sequence[str], curves: Sequence[Chart] = ()
) -> tuple[Block, ...]:
    """Return scores, curves, matrices and reliability."""
    cards = {
        (name, recipe): card
        for name, of_protocol in evidence.protocols.items()
        for recipe, card in of_protocol.scorecards.items()
    }
    blocks: list[Block] = [score_table(cards), *curves]
    # Clusters of drawn counts have other numbers than those of the cells above.
    kept = {name: p for name, p in evidence.protocols.items() if not p.protocol.draws_counts}
    strongest = strongest_evidence(replace(evidence, protocols=kept))
    if strongest is not None:
        where = f"{strongest.protocol.name} ({strongest.tier})"
        own = {recipe: strongest.scorecards[recipe] for recipe in recipes}
        chart = reliability_chart(own, where=where)
        blocks += [] if chart is None else [chart]
        blocks += matrices({f"{recipe}, {where}": card for recipe, card in own.items()})
        last = recipes[-1]
        blocks.append(label_table(own[last], title=f"Each label: {last}, {where}"))
    return tuple(blocks)


def _curves(run: Run) -> list[Chart]:
    """Return the training curves of the classifiers that are saved."""
    for fit in run.fits:
        learnt = {name: of_recipe.learnt for name, of_recipe in fit.recipes.items()}
        curves = {name: x.curve for name, x in learnt.items() if x is not None and x.curve}
        if curves:
            return curve_charts(curves, held_out=f"{fit.protocol.stops_on} cells")
    return []


def _shown(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what the console shows, without the clock and what stands under Provenance."""
    return tuple(f for f in findings if f.title not in ("For a methods section", "Time"))


def _in_words(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the sentences of what the console shows: the numbers stand in other sections."""
    return tuple(replace(f, table=None) for f in _shown(findings) if f.sentences)
