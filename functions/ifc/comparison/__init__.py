"""What two versions of a model have in common, and how their objects differ."""
