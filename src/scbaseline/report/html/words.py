"""Results in; the answer in a sentence, what weakens it, and a methods paragraph, out."""

from collections.abc import Sequence

from scbaseline import __version__
from scbaseline.config import RunConfig
from scbaseline.data.info import DataInfo
from scbaseline.judge.metrics import LEVEL
from scbaseline.judge.scores import Score
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.sections.conclusion import answer_finding, fall, recipe_of
from scbaseline.report.sections.headline import strongest_evidence
from scbaseline.report.sections.labels import label_finding
from scbaseline.report.sections.limits import limit_findings
from scbaseline.report.sections.words import joined
from scbaseline.study.evidence import Evidence
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import CLUSTERS, TIERS


def percent(score: Score) -> str:
    """Return a share with its interval, in percent: ``88.7 % [86.0, 91.1]``."""
    low, high = score.low, score.high
    interval = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * score.value:.1f} %{interval}"


def answer(evidence: Evidence, labels: Labels, *, recipes: Sequence[str]) -> str:
    """Return the conclusion that the console shows, in sentences."""
    recipe = recipe_of(recipes)
    finding = answer_finding(evidence, labels, recipe=recipe)
    sentences = list(finding.sentences)
    if fall(evidence, recipe=recipe) is None:
        if finding.table is None or not finding.table.rows:
            return "No protocol of this study is evidence: see the limits below."
        right, _, plain = finding.table.rows[-1]
        of_cells = f"{right.text}{right.beside} of the test cells, {plain.text}"
        sentences.insert(0, f"{recipe} is right for {of_cells}.")
    return " ".join(sentences)


def warnings_of(
    data: DataInfo,
    labels: Labels,
    evidence: Evidence,
    config: RunConfig,
    *,
    more: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return what a reader must know before the answer is believed.

    Parameters
    ----------
    more
        Such as clusters that are not found again.
    """
    sentences = [data.notice] if data.notice else []
    sentences += label_finding(labels).sentences[1:]  # what was left out
    if config.group_key is None:
        sentences.append(
            "No donor or batch was named (--group-key): the scores are about cells like these, "
            "not about a new donor."
        )
    sentences += more
    for finding in limit_findings(evidence):
        sentences += [s for s in finding.sentences if " does not apply: " not in s]
    return tuple(dict.fromkeys(sentences))


def subject(data: DataInfo, labels: Labels, *, n_kept: int) -> str:
    """Return the data in a line."""
    what = "Leiden clusters" if labels.source == CLUSTERS else f"labels ({labels.source[6:]})"
    kept = f"{n_kept:,} of {data.n_cells:,} cells kept"
    return f"{data.title}: {kept}, {data.n_genes:,} genes, {len(labels.names)} {what}"


def run_methods(
    data: DataInfo, labels: Labels, evidence: Evidence, config: RunConfig, *, n_kept: int
) -> str:
    """Return one paragraph in plain words for a methods section."""
    strongest = strongest_evidence(evidence)
    of_labels = (
        f"Leiden clusters (resolution {config.resolution:g}) of the same counts"
        if labels.source == CLUSTERS
        else f"given labels ({labels.source[6:]}, origin {labels.origin})"
    )
    parts = [
        (
            f"Counts of {data.title} ({n_kept:,} cells after quality control) were normalised to "
            f"{config.target_sum:,.0f} per cell and log-transformed; up to {config.n_top_genes:,} "
            f"genes, {config.n_comps} principal components, {config.n_neighbors} neighbours, Leiden"
            f" clusters and UMAP followed the standard workflow of scanpy, with scbaseline "
            f"{__version__} (seed {config.seed})."
        ),
        f"Classifiers of {of_labels} ({len(labels.names)} labels) were trained.",
    ]
    if strongest is not None:
        shown = [r for r in (*(config.recipe or ()), REFERENCE) if r in strongest.scorecards]
        scores = {r: strongest.scorecards[r].score("accuracy") for r in dict.fromkeys(shown)}
        words = joined([f"{percent(score)} for {recipe}" for recipe, score in scores.items()])
        n = next(iter(scores.values())).n
        has_interval = any(score.low is not None for score in scores.values())
        about = f"; brackets hold {LEVEL:.0f} % bootstrap intervals" if has_interval else ""
        parts.append(
            f"Under protocol {strongest.protocol.name} ({TIERS[strongest.tier]}), accuracy on "
            f"{n:,} held-out cells was {words}{about}."
        )
    return " ".join(parts)
