"""Words that tests of the command line share."""

from scbaseline.learn.recipes import chosen_recipes

DEFAULT = [recipe.name for recipe in chosen_recipes(None)]
"""The recipes of a run that names none."""

FLAGS = ["--min-genes", "1", "--n-top-genes", "60", "--n-comps", "10", "--n-pcs", "10"]
FLAGS += ["--n-bootstrap", "100", "--threads", "1"]
"""Settings that suit the simulated cells."""
