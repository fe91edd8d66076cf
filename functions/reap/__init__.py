"""Reap: dead letters and stale leases are settled, lost messages sent again."""
