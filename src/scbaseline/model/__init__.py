"""The classifier as one torch module, its card and its file."""
