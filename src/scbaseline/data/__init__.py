"""From files to raw counts in memory: readers, data sets, and the check of what was read."""
