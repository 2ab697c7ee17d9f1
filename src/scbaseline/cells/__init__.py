"""What the cells are: quality control, feature space, neighbours, clusters, thinned counts."""
