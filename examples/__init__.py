"""Example models of a small two-storey house, and the script that makes them."""
