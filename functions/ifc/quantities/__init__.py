"""Quantity sets: which there are, how each is measured, how they are written."""
