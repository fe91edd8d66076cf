"""Recipes that change a model: ifcpatch's and our own."""
