"""Names of labels of two studies in; which of them may mean the same cells out."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

MOST = 500
"""Labels for which near names are looked for, the most frequent first: a column of cell ids,
taken for labels, must not be compared for hours."""

_CUTOFF = 0.7  # difflib's ratio; below, people see no likeness
_SHORTEST = 4  # letters of a word in which a slip can be told from another word
_DROPPED = frozenset({"cell", "cells", "the", "of", "and", "type"})
# What the field shortens; the same cells under two names are for a person to map.
_LONG = {
    "bas": "basophil", "cd16": "fcgr3a", "dc": "dendritic", "dcs": "dendritic",
    "ery": "erythrocyte", "mac": "macrophage", "macro": "macrophage", "mem": "memory",
    "mk": "megakaryocyte", "mks": "megakaryocyte", "mono": "monocyte", "monos": "monocyte",
    "neut": "neutrophil", "nk": "natural killer", "nks": "natural killer",
    "pdc": "plasmacytoid dendritic", "pdcs": "plasmacytoid dendritic", "reg": "regulatory",
    "treg": "regulatory t", "tregs": "regulatory t",
}  # fmt: skip
# The minus of a marker that the cells lack says the contrary of its plus: CD25-, CD16neg.
_LACKS = re.compile(r"\b([a-z]*\d\w*?)(?:[-\u2212\u2013](?=$|[\s/,;)+]|cd\d)|\s?neg(?:ative)?\b)")
_HAS = re.compile(r"\b([a-z]*\d\w*?)(?:\s?pos(?:itive)?\b)")


@dataclass(frozen=True)
class NearLabel:
    """A name that may mean the same cells as another one.

    Attributes
    ----------
    name
        The model's label, or what the label map makes of it.
    certain
        Whether only case, punctuation, plural, order, ``cells`` or a common abbreviation
        differ, and no second name is as near.
    """

    name: str
    certain: bool


def near_labels(
    missing: Mapping[str, int], known: Iterable[str]
) -> dict[str, tuple[NearLabel, ...]]:
    """Look for each label of one study among those of another.

    Parameters
    ----------
    missing
        Labels to look for → their number of cells.
    known
        The other study's labels.

    Returns
    -------
    Label → names that are near, at most three, the nearest first; labels with none are left
    out. One known name may be near several labels.

    Examples
    --------
    >>> near_labels({"CD14+ Monocytes": 480}, ["CD14 Mono", "NK"])
    {'CD14+ Monocytes': (NearLabel(name='CD14 Mono', certain=True),)}
    """
    words_of = {name: _words(name) for name in known}
    most = [label for label, _ in Counter(missing).most_common(MOST)]
    near = {label: _near(_words(label), words_of) for label in most}
    return {label: names for label, names in near.items() if names}


def _near(words: tuple[str, ...], words_of: Mapping[str, tuple[str, ...]]) -> tuple[NearLabel, ...]:
    scored = [(_likeness(words, other), name) for name, other in words_of.items()]
    scored = sorted((pair for pair in scored if pair[0] >= _CUTOFF), key=lambda p: (-p[0], p[1]))
    n_same = sum(score == 1 for score, _ in scored)
    if n_same == 1:
        return (NearLabel(scored[0][1], certain=True),)
    return tuple(NearLabel(name, certain=False) for _, name in scored[:3])


def _likeness(one: tuple[str, ...], two: tuple[str, ...]) -> float:
    """Return 1 for the same words, less for a part of them or a similar spelling, else 0."""
    if not one or not two:
        return 0.0
    if sorted(one) == sorted(two) or _joined(one) == _joined(two):
        return 1.0
    markers_one, markers_two = ({w for w in words if _has_digit(w)} for words in (one, two))
    if not (markers_one <= markers_two or markers_two <= markers_one):
        return 0.0  # CD4 and CD8 differ in a letter, and in everything
    if set(one) <= set(two) or set(two) <= set(one):
        return 0.9 + 0.05 * min(len(one), len(two)) / max(len(one), len(two))
    rest_one, rest_two = sorted(set(one) - set(two)), sorted(set(two) - set(one))
    if min(map(len, rest_one + rest_two)) < _SHORTEST:
        return 0.0  # B and T, NK and DC: one letter is another type
    return min(0.9, SequenceMatcher(None, " ".join(rest_one), " ".join(rest_two)).ratio())


def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell labels apart, in one spelling."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _HAS.sub(r"\1 ", _LACKS.sub(r"\1lacks ", text))
    words = [_singular(word) for word in re.split(r"[\W_]+", text) if word]
    kept = [word for word in words if word not in _DROPPED] or words
    return tuple(part for word in kept for part in _LONG.get(word, word).split())


def _singular(word: str) -> str:
    if word in _LONG or len(word) < 4 or _has_digit(word) or word.endswith(("ss", "us", "is")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _joined(words: tuple[str, ...]) -> str:
    """Join words as people leave out spaces; ``1 1`` does not become ``11``."""
    gaps = (" " if a[-1].isdigit() and b[0].isdigit() else "" for a, b in pairwise(words))
    return words[0] + "".join(gap + word for gap, word in zip(gaps, words[1:], strict=True))


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
