"""Measuring our operations against plain uses of the tools that they build on."""
