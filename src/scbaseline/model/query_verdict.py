"""Scores or probabilities of a whole query in; whether it looks like the training cells, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["home", "abroad", "rank", "unlike"]

_ORDINARY = 0.2  # cells with a p-value above it count as ordinary
_LEAST_HOME, _LEAST_EVEN = 0.5, 0.4
_LEAST_ABROAD, _UNLIKE = 0.7, 0.5
_FEW_GENES, _UNLIKE_OF_FEW = 0.5, 0.1
_FEWEST_GENES = 0.1
_Z = 1.645  # one-sided 95 %
_MORE, _LEAST = 3, 0.03  # times the share of doubtful held-out cells; and a share that matters
_LOWEST_PERCENT = 1.0
_N_SAMPLES = 1000


@dataclass(frozen=True)
class QueryVerdict:
    """What the unknown scores say of a whole query.

    Attributes
    ----------
    verdict
        ``"home"``: the threshold of held-out cells may be used. ``"abroad"``: the higher one of
        held-out cells as other laboratories might have measured them. ``"rank"``: only the
        order of the scores may be trusted. ``"unlike"``: the same, and the query looks unlike
        the training cells.
    usual_home, usual_abroad
        The estimated share of cells that score as held-out cells do, as they are and as other
        laboratories might have measured them.
    lean
        The share of ordinary cells in the better half of ordinary held-out scores: .5 where
        the query's usual cells score as those do, less where all are shifted.
    """

    verdict: Verdict
    usual_home: float
    usual_abroad: float
    lean: float


def judge_scores(
    beyond_n: NDArray[np.floating],
    home_q: NDArray[np.floating],
    abroad_q: NDArray[np.floating],
    *,
    share_of_genes: float = 1.0,
) -> QueryVerdict:
    """Decide which threshold may be used on a query, if any.

    A cell's p-value is the share of held-out cells that score at least as high. If a query
    holds usual cells and some unknown ones, the usual ones spread evenly over 0 to 1, and the
    unknown ones lie near 0. Storey's estimate of the usual share is then the share of p-values
    above .2, divided by .8. It is made twice: with held-out cells as they are (home), and with
    the same cells thinned and with a gain for each gene, as other laboratories might have
    measured them (abroad).

    * Home: at least half of the cells are usual, and the ordinary ones spread evenly. What
      scores high is unknown, not shifted.
    * Abroad: at least .7 are usual abroad. The query is shifted as a whole, but no more than
      another laboratory explains.
    * Unlike: even abroad fewer than half are usual. Most cells are of unknown types, or all
      were measured in another way. The scores cannot tell these two apart. Where the query has
      fewer than half of the model's genes, this needs fewer than a tenth: highly variable genes
      that were chosen in another study raise the scores of known cells, too.
    * Rank, whatever the scores, where the query has fewer than a tenth of the model's genes.
    * Rank: between these.

    The limits are one-sided 95 % bounds, so ten cells are called unlike only where hardly any
    of them is ordinary.

    Parameters
    ----------
    beyond_n
        Scores of the query's cells, minus the usual score of the predicted label.
    home_q, abroad_q
        Quantiles of the same of held-out cells.
    share_of_genes
        The share of the model's genes that the query has.

    References
    ----------
    Storey, A direct approach to false discovery rates, JRSS B 2002.
    """
    p_n = _p_values(beyond_n, home_q)
    ordinary = p_n[p_n > _ORDINARY]
    better = int((ordinary > (1 + _ORDINARY) / 2).sum())
    n_abroad = int((_p_values(beyond_n, abroad_q) > _ORDINARY).sum())
    most_home, most_abroad = (
        _wilson_upper(n, len(p_n)) / (1 - _ORDINARY) for n in (len(ordinary), n_abroad)
    )
    fewest = _UNLIKE if share_of_genes >= _FEW_GENES else _UNLIKE_OF_FEW
    verdict: Verdict = "rank"
    if share_of_genes < _FEWEST_GENES:
        pass  # so few genes fit any cell
    elif most_home >= _LEAST_HOME and _wilson_upper(better, len(ordinary)) >= _LEAST_EVEN:
        verdict = "home"
    elif most_abroad >= _LEAST_ABROAD:
        verdict = "abroad"
    elif most_abroad < fewest:
        verdict = "unlike"
    n = max(len(p_n), 1) * (1 - _ORDINARY)
    return QueryVerdict(
        verdict,
        usual_home=min(1.0, len(ordinary) / n),
        usual_abroad=min(1.0, n_abroad / n),
        lean=better / max(len(ordinary), 1),
    )


def _p_values(
    score_n: NDArray[np.floating], held_out_q: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the share of held-out scores, and the cell itself, that are at least as high."""
    sorted_q = np.sort(held_out_q)
    as_high_n = len(sorted_q) - np.searchsorted(sorted_q, score_n, side="left")
    p_n: NDArray[np.float64] = (as_high_n + 1) / (len(sorted_q) + 1)
    return p_n


def looks_unlike_by_probability(
    probability_n: NDArray[np.floating],
    codes_n: NDArray[np.int64],
    held_out: Sequence[dict[str, Any]],
    *,
    seed: int = 0,
) -> bool:
    """Say whether a query looks unlike the training cells, by its probabilities alone.

    It is the rule for recipes without an unknown score. Two things must both hold:

    * The median probability is below the 1st percentile of 1,000 bootstrap medians of
      held-out cells, drawn with the query's own mix of predicted labels. Samples have as many
      cells as the query, but no more than there are held-out cells: their own number limits
      what they can tell. This asks whether chance explains the lower median.
    * The share of cells below .5 is more than .03, and more than three times that of held-out
      cells of the same mix. This asks whether the difference matters: in a large query, the
      smallest shift of the median is beyond chance. Two cells, one of them below .5, are added
      to the held-out cells, so that no share is zero.

    Parameters
    ----------
    probability_n, codes_n
        Probability and code of each cell's predicted label.
    held_out
        A row for each label, as on the card (``held_out_doubt``).
    seed
        Of the samples.
    """
    n_held_out = sum(row["n"] for row in held_out)
    if not len(probability_n) or not n_held_out:
        return False
    pooled = sum(row["n_below_half"] for row in held_out) / n_held_out
    below_k = np.array([row["n_below_half"] / row["n"] if row["n"] else pooled for row in held_out])
    mix_k = np.bincount(codes_n, minlength=len(held_out)) / len(codes_n)
    below = (float(mix_k @ below_k) * n_held_out + 1) / (n_held_out + 2)
    if not (probability_n < 0.5).mean() > max(_MORE * below, _LEAST):
        return False
    # No held-out cell got this label: all of them stand for it.
    every = np.sort(
        np.concatenate([np.repeat(row["quantiles"], row["n"]) for row in held_out if row["n"]])
    )
    quantiles = [np.asarray(row["quantiles"] if row["n"] else every) for row in held_out]
    rng = np.random.default_rng(seed)
    size = min(len(probability_n), n_held_out)
    medians = []
    for _ in range(_N_SAMPLES):
        n_k = rng.multinomial(size, mix_k)
        drawn = [
            np.interp(rng.random(n), np.linspace(0, 1, len(q)), q)
            for n, q in zip(n_k, quantiles, strict=True)
            if n
        ]
        medians.append(np.median(np.concatenate(drawn)))
    return bool(np.median(probability_n) < np.percentile(medians, _LOWEST_PERCENT))


def _wilson_upper(successes: int, n: int) -> float:
    """Return the upper end of the one-sided 95 % Wilson interval of a share."""
    if n == 0:
        return 1.0
    share = successes / n
    half = _Z * np.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
    return float((share + _Z * _Z / (2 * n) + half) / (1 + _Z * _Z / n))
