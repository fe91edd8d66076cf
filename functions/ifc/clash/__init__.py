"""Clashes between bodies: candidates by their boxes, then exact volumes, depths and distances."""
