"""How Sphinx makes the site of docs/: ``make docs``."""

import sys

from sphinx.application import Sphinx

import scbaseline

sys.modules["scbaseline.pl"] = scbaseline.pl  # documented by the name that users type

project = "scbaseline"
author = "The scbaseline authors"
release = version = scbaseline.__version__
html_title = f"scbaseline {scbaseline.__version__}"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "cyclopts.ext.sphinx",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_copy_source = False
html_show_copyright = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "groupwise"
autodoc_preserve_defaults = True
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_rtype = False


def name_what_is_public(_: Sphinx, page: str, source: list[str]) -> None:
    """Write the names of ``scbaseline.__all__`` where the API page asks for them."""
    if page == "api":
        names = sorted(scbaseline.__all__, key=lambda name: (name[0].isupper(), name))
        listed = "\n".join(f"   {name}" for name in names)
        source[0] = source[0].replace("   PUBLIC_NAMES", listed)


def setup(app: Sphinx) -> None:
    """Connect what stands above."""
    app.connect("source-read", name_what_is_public)
