"""Says what is wrong with a card's JSON before anything is made of it."""

from collections.abc import Callable, Mapping
from typing import Any

from scbaseline.learn.recipes import RECIPES

Check = Callable[[Any], bool]

N_QUANTILES = 21
"""Quantiles of probability that a card keeps for each label."""


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list(check: Check) -> Check:
    return lambda value: isinstance(value, list | tuple) and all(map(check, value))


def _map(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _with(fields: Mapping[str, Check], *, optional: frozenset[str] = frozenset()) -> Check:
    """Check the entries of an object; others may stand beside them."""
    return lambda value: (
        isinstance(value, dict)
        and all(
            check(value[name]) if name in value else name in optional
            for name, check in fields.items()
        )
    )


_METRIC = {
    "metric": _text,
    "label": _or_none(_text),
    "value": _or_none(_number),
    "low": _or_none(_number),
    "high": _or_none(_number),
    "n": _whole,
}
_HELD_OUT = {
    "label": _text,
    "n": _whole,
    "n_below_half": _whole,
    "quantiles": _list(_number),
}
_EXAM = {
    "label": _text,
    "n": _whole,
    "auroc": _number,
    "found": _number,
    "looks_like": _text,
    "share": _number,
}
_DATA = {
    "title": _text,
    "licence": _text,
    "fingerprint": _text,
    "n_cells": _whole,
    "n_genes": _whole,
    "notice": _text,
    "notes": _list(_text),
}
_RECIPE = {
    "name": _text,
    "title": _text,
    "input": lambda value: value in {recipe.input for recipe in RECIPES.values()},
    "genes": lambda value: value in {recipe.genes for recipe in RECIPES.values()},
    "augmentation": _map(_number),
    "module": lambda value: value in {recipe.module for recipe in RECIPES.values()},
    "settings": _map(lambda value: _number(value) or _list(_whole)(value)),
}
_CHECKS: dict[str, Check] = {
    "recipe": _with(_RECIPE),
    "labels": _list(_text),
    "gene_symbols": _list(_text),
    "gene_ids": _list(_text),
    "metrics": _list(_with(_METRIC)),
    "data": _with(_DATA, optional=frozenset({"notice", "notes"})),
    "config": _map(lambda _: True),
    "versions": _map(_text),
    "gene_loss": _list(_with({"kept_weight": _number, "f1_macro": _number, "f1": _map(_number)})),
    "held_out_doubt": _list(_with(_HELD_OUT)),
    "exam": _list(_with(_EXAM)),
    "notes": _list(_text),
    "majority_f1": _number,
    "kept_epoch": _whole,
    **dict.fromkeys(("label_source", "protocol", "tier", "judged", "tensors_sha256"), _text),
}


def require_types(values: Any) -> None:
    """Raise if an entry of a card is not of its type; one that is absent is not looked at.

    Raises
    ------
    ValueError
        Says which entry, and what it is instead.
    """
    if not isinstance(values, dict):
        raise ValueError(f"its card is of JSON's type {type(values).__name__}, not an object")  # noqa: TRY004 (of a file's content)
    for name, check in _CHECKS.items():
        if name in values and not check(values[name]):
            seen = repr(values[name])
            raise ValueError(
                f"its card's entry {name!r} is not what it should be: "
                f"{seen[:60]}{'…' if len(seen) > 60 else ''}"
            )
    if {"gene_ids", "gene_symbols"} <= values.keys() and len(values["gene_ids"]) != len(
        values["gene_symbols"]
    ):
        raise ValueError(
            f"its card has {len(values['gene_symbols']):,} genes, but "
            f"{len(values['gene_ids']):,} ids of them"
        )
    for row in values.get("held_out_doubt", ()):
        if len(row["quantiles"]) != (N_QUANTILES if row["n"] > 0 else 0):
            raise ValueError("its card's entry 'held_out_doubt' has another number of quantiles")
    for step in values.get("gene_loss", ()):
        if lost := set(values.get("labels", ())) - step["f1"].keys():
            raise ValueError(f"its card's entry 'gene_loss' lacks the label {sorted(lost)[0]!r}")
