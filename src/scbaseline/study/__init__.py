"""Counts and settings in; labels, splits, fits and evidence out; one file a command."""
