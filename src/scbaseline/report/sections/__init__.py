"""Sections: one file each, a function that takes a result and says in plain words what it holds."""
