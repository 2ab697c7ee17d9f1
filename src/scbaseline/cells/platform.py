"""Says which libraries of the exploration this platform has."""

from importlib.util import find_spec


def has_scranpy() -> bool:
    """Return whether scranpy and knncolle are installed: they have no wheels for Windows."""
    return find_spec("scranpy") is not None and find_spec("knncolle") is not None
