"""Figures: one file each, a function that takes a result and gives a Figure; it saves nothing."""
