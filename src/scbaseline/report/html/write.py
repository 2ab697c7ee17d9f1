"""A page in; one HTML file that needs no network, out."""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbaseline import __version__
from scbaseline.errors import ConfigError, OutputError
from scbaseline.files import refuse_input_as_output, staging, writable_file
from scbaseline.report.html.blocks import Chart, Copyable, Matrix, Page
from scbaseline.report.ours import refuse_strangers_files

if TYPE_CHECKING:
    from jinja2 import Environment

_CODE = re.compile(r"`(scbaseline [^`]+)`|(?<!\w)(--[a-z][a-z-]+)")  # a command, or an option
_SCRIPTS = ("bokeh.min.js", "bokeh-gl.min.js", "bokeh-api.min.js")


def check_report_file(
    report: Path | None,
    *others: str | Path | None,
    genes: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Refuse a name that no page can be written to, before any work starts.

    Parameters
    ----------
    report
        The file; ``None`` for no page.
    others
        Inputs and other outputs.
    genes
        Genes that the page is to carry.
    overwrite
        Replace a page, or whatever is there, that scbaseline did not write.

    Raises
    ------
    ConfigError
        Genes are named for a page that is not asked for.
    OutputError
        It does not end in .html, is a folder, is an input, another output or somebody else's
        file, or its folder cannot be written to.
    """
    if report is None:
        if genes:
            raise ConfigError("--report-genes: needs a page to show them; add --report FILE.html")
        return
    file = writable_file(report, option="--report", example="report.html")
    if file.suffix.lower() not in (".html", ".htm"):
        raise OutputError(
            f"--report {report}: a page's file ends in .html; "
            f"try --report {report.with_suffix('.html')}"
        )
    refuse_input_as_output(report, *others, option="--report")
    refuse_strangers_files([report], overwrite=overwrite, option="--report")
    with staging(file.parent, option="--report"):
        pass


def write_page(page: Page, path: Path) -> None:
    """Write a page into a file."""
    path.write_text(page_html(page), encoding="utf-8")


def page_html(page: Page) -> str:
    """Return a page as HTML, with its style, its scripts and its data inside.

    Whatever users named (labels, genes, cells, columns) is shown as text: the template
    escapes it, and the script gets it as data.

    Parameters
    ----------
    page
        What to show.
    """
    charts = {f"chart-{k}": chart for k, chart in enumerate(_charts(page))}
    id_of = {id(chart): name for name, chart in charts.items()}
    content = {
        "charts": {name: {"kind": c.kind, **c.spec} for name, c in charts.items()},
        "cells": page.cells.content if page.cells else None,
    }
    html: str = _environment().get_template("page.html").render(
        page=page,
        version=__version__,
        content=_script_text(json.dumps(content, ensure_ascii=False, allow_nan=False)),
        libraries=_libraries(),
        kind=_kind,
        id_of=lambda chart: id_of[id(chart)],
    )  # fmt: skip
    return html


def _charts(page: Page) -> list[Chart]:
    blocks = [block for section in page.sections for block in section.blocks]
    return [b for b in (page.hero, *blocks) if isinstance(b, Chart)]


def _kind(block: object) -> str:
    if isinstance(block, Chart):
        return "chart"
    if isinstance(block, Matrix):
        return "matrix"
    return "copyable" if isinstance(block, Copyable) else "finding"


def _script_text(text: str) -> Any:
    """Return JSON that no HTML parser takes for the end of the script that holds it."""
    from markupsafe import Markup

    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 (escaped)


@cache
def _libraries() -> Any:
    """Return Bokeh's scripts, which its wheel holds; Bokeh itself takes a second to import."""
    from markupsafe import Markup

    spec = find_spec("bokeh")
    if spec is None or not spec.submodule_search_locations:
        raise OutputError(
            "the report needs Bokeh's scripts, and Bokeh is not installed: type "
            "`pip install bokeh`, or --no-report"
        )
    folder = Path(spec.submodule_search_locations[0]) / "server/static/js"
    texts = [(folder / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    if any("</script" in text for text in texts):
        raise AssertionError("a script of Bokeh would end the element that holds it")
    return Markup("\n".join(texts))  # noqa: S704 (it is a library's own)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["with_code"] = with_code
    return environment


def with_code(sentence: str) -> Any:
    """Return a sentence as HTML in which commands in backticks and options are code."""
    from markupsafe import Markup, escape

    parts = _CODE.split(sentence)  # words, command, option, words, command, option, words …
    html = [escape(parts[0])]
    for command, option, words in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        html += [Markup("<code>%s</code>") % (command or option), escape(words)]
    return Markup("").join(html)
