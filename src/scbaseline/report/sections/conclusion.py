"""A result in; what was found, and how much of the accuracy holds, in a few words, out."""

from collections.abc import Sequence

from scbaseline.cells.trust import ClusterTrust
from scbaseline.data.info import DataInfo
from scbaseline.judge.scores import Score
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.clusters import evidence_text
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.headline import strongest_evidence
from scbaseline.report.sections.inflation import double_dipping
from scbaseline.report.sections.words import percent, percent_interval
from scbaseline.study.evidence import Evidence
from scbaseline.study.labels import Labels
from scbaseline.study.names import ClusterNames
from scbaseline.study.protocols import CLUSTERS, Protocol

_End = tuple[Protocol, Score]


def found_finding(
    data: DataInfo, names: ClusterNames, trust: ClusterTrust | None, *, n_kept: int
) -> Finding:
    """Say which clusters were found: names, cells, evidence, and whether each is found again.

    Parameters
    ----------
    n_kept
        Cells that passed quality control.
    """
    stable = {} if trust is None else dict(zip(trust.names, trust.stable_k, strict=True))
    rows = []
    for cluster in sorted(names.clusters, key=lambda cluster: -cluster.n_cells):
        cells = [Cell(f"{cluster.n_cells:,}"), Cell(cluster.title, faint=not cluster.name)]
        if stable:
            cells.append(Cell("yes" if stable[cluster.number] else "no"))
        if names.n_named:
            cells.append(Cell(evidence_text(cluster), faint=True))
        rows.append(tuple(cells))
    columns = ("cells", "cluster", *(("stable",) if stable else ()))
    columns += ("evidence",) if names.n_named else ()
    kept = (
        f"{n_kept:,} cells" if n_kept == data.n_cells else f"{n_kept:,} of {data.n_cells:,} cells"
    )
    n_clusters = len(names.clusters)
    by_markers = sum(bool(cluster.proposal.name) for cluster in names.clusters)
    by_labels = names.n_named - by_markers
    sentences = []
    if by_labels:
        sentences.append(
            f"{by_labels} of {n_clusters} clusters are named after the given label of most cells."
        )
    if by_markers:
        sentences.append(
            f"{by_markers} of {n_clusters} clusters have a name, proposed from {names.table}."
        )
    if not names.n_named:
        sentences.append(
            f"No cluster shows the markers of one type alone, by {names.table}; name your own "
            "markers with --markers FILE."
        )
    return Finding(
        f"{data.title}: {n_clusters} clusters in {kept}",
        tuple(sentences),
        Table(columns, tuple(rows), numbers=(0,)),
        figure="umap",
    )


def answer_finding(evidence: Evidence, labels: Labels, *, recipe: str) -> Finding:
    """Say in words how often a recipe is right, and how much of that is real.

    Parameters
    ----------
    recipe
        One for which to say it; logistic regression stands beside it.
    """
    what = "cluster" if labels.source == CLUSTERS else "given label"
    rows = []
    for name, of_protocol in evidence.protocols.items():
        accuracy = evidence.score(name, recipe, "accuracy")
        kappa = evidence.score(name, recipe, "kappa")
        if of_protocol.protocol.plain and accuracy is not None and kappa is not None:
            right = Cell(percent(accuracy.value), percent_interval(accuracy))
            plain = Cell(of_protocol.protocol.plain, f"({of_protocol.tier})")
            rows.append((right, Cell(f"{kappa.value:.2f}"), plain))
    sentences = []
    if ends := fall(evidence, recipe=recipe):
        (_, first), (strict, last) = ends
        sentences.append(
            f"The accuracy falls from {percent(first.value)} to {percent(last.value)} "
            f"{strict.plain}."
            if falls(first, last)
            else f"The accuracy does not fall {strict.plain}."
        )
    strongest = strongest_evidence(evidence)
    if strongest is not None and recipe != REFERENCE:
        simple = evidence.score(strongest.protocol.name, REFERENCE, "accuracy")
        if simple is not None:
            simplest = f"Under that test, a simple classifier ({REFERENCE}) reaches"
            sentences.append(f"{simplest} {percent(simple.value)}.")
    sentences += double_dipping(evidence)
    return Finding(
        f"Test cells whose {what} {recipe} finds",
        tuple(sentences),
        Table(("right", "κ", "how it was tested"), tuple(rows)),
        figure="confusion_matrix",
    )


def falls(first: Score, last: Score) -> bool:
    """Say whether a score is lower than another one, as far as a reader can see."""
    return last.value < first.value and percent(last.value) != percent(first.value)


def fall(evidence: Evidence, *, recipe: str) -> tuple[_End, _End] | None:
    """Return the accuracy under the weakest protocol and under the strongest, if these differ.

    Parameters
    ----------
    recipe
        Whose.

    Returns
    -------
    For each of the two, the protocol and the score.
    """
    strongest = strongest_evidence(evidence)
    plain = [p.protocol for p in evidence.protocols.values() if p.protocol.plain]
    if strongest is None or not plain or strongest.protocol == plain[0]:
        return None
    first = evidence.score(plain[0].name, recipe, "accuracy")
    last = evidence.score(strongest.protocol.name, recipe, "accuracy")
    if first is None or last is None:
        return None
    return (plain[0], first), (strongest.protocol, last)


def recipe_of(recipes: Sequence[str]) -> str:
    """Return the recipe that a conclusion is about: the last that was asked for."""
    return recipes[-1] if recipes else REFERENCE
