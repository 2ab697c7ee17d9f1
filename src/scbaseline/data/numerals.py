"""Says of the text of a field whether it is a number, and which mark its comma is."""

import re
from typing import Literal

MISSING = ("NA", "NaN", "nan", "")
"""What a field holds where a number is missing."""

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?i:inf|infinity|nan)")
_WITH_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:[,. '\u00a0\u202f]\d{3})+")


def is_number(text: str) -> bool:
    """Whether a text is a number as programs write it, or one with a comma for the point."""
    text = text.strip(" ")
    return _NUMBER.fullmatch(text) is not None or _WITH_COMMA.fullmatch(text) is not None


def is_plain_number(text: str, *, decimal: str = ".") -> bool:
    """Whether a text is a number or missing, with ``decimal`` before its fraction."""
    text = text.strip(" ")
    if decimal != ".":
        text = text.replace(".", "\0").replace(decimal, ".")
    return text in MISSING or _NUMBER.fullmatch(text) is not None


def comma_of(text: str) -> Literal["", "decimal", "thousands", "either"]:
    """Return what the comma in a number stands before; ``1,234`` may be read in two ways."""
    text = text.strip(" ")
    if _THOUSANDS.fullmatch(text) and "," in text:
        return "thousands" if text.count(",") > 1 else "either"
    return "decimal" if _WITH_COMMA.fullmatch(text) else ""


def has_thousands(text: str) -> bool:
    """Whether a text is a number in groups of three digits, as ``1 234`` and ``1,234``."""
    return _THOUSANDS.fullmatch(text.strip(" ")) is not None
