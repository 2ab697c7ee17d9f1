"""Arrays and texts in; short texts that a page's script unpacks out."""

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Packed = dict[str, Any]


def packed(values: NDArray[Any]) -> Packed:
    """Return numbers of one size as deflated base64, with the name of their type.

    Parameters
    ----------
    values
        Whole numbers of 8 or 16 bits, or floats of 32.
    """
    values = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
    return {"type": f"{values.dtype.kind}{values.dtype.itemsize}", "data": _text(values.tobytes())}


def packed_texts(texts: list[str]) -> Packed:
    """Return texts as one text; a line break in one becomes a space."""
    joined = "\n".join(" ".join(text.splitlines()) for text in texts)
    return {"type": "text", "data": _text(joined.encode("utf-8", "replace"))}


def packed_codes(codes_n: NDArray[np.int64]) -> Packed:
    """Return codes of categories; −1, for none, becomes the largest number."""
    kind = np.uint8 if codes_n.max(initial=0) < 255 else np.uint16
    return packed(np.where(codes_n < 0, np.iinfo(kind).max, codes_n).astype(kind))


def packed_numbers(values_n: NDArray[np.floating], *, bits: int = 16) -> Packed:
    """Return numbers in equal steps between their ends; NaN becomes the largest step.

    Parameters
    ----------
    values_n
        What to pack; 8 bits tell 255 colours apart, which is what an eye needs.
    """
    kind = np.uint8 if bits == 8 else np.uint16
    none = int(np.iinfo(kind).max)
    is_number = np.isfinite(values_n)
    low = float(values_n[is_number].min()) if is_number.any() else 0.0
    high = float(values_n[is_number].max()) if is_number.any() else 0.0
    steps = (np.where(is_number, values_n, low) - low) / ((high - low) or 1.0) * (none - 1)
    codes = np.where(is_number, np.round(steps), none).astype(kind)
    return packed(codes) | {"low": low, "high": high}


def _text(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")
