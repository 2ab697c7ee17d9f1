"""Claims about the page on accuracy: it lists all directions in which robust is behind."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEC = spec_from_file_location("where_behind", ROOT / "benchmarks/where_behind.py")
assert SPEC is not None
assert SPEC.loader is not None
where_behind = module_from_spec(SPEC)
SPEC.loader.exec_module(where_behind)


def test_the_page_lists_each_direction_in_which_robust_is_behind() -> None:
    """Its list is what its own tables give."""
    page = (ROOT / "docs/accuracy.md").read_text()
    tables = where_behind.tables_of(page)
    assert [len(marks["robust"]) for marks in tables.values()] == [6, 6]
    listed = [
        line for title, marks in tables.items() for line in where_behind.where_behind(title, marks)
    ]
    assert "\n\n" + "\n".join(listed) + "\n\n" in page


def test_a_hundredth_is_allowed() -> None:
    """More than it is listed, with the best of the others."""
    marks = {
        "robust": {"a → b": (0.9, 0.8)},
        "x *": {"a → b": (0.91, 0.811)},
        "y": {"a → b": (0.7, 0.7)},
    }
    (line,) = where_behind.where_behind("all genes", marks)
    assert line == "- a → b, all genes: macro-F1 0.800, 0.011 behind x (0.811)"
