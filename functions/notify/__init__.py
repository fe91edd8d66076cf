"""Notify: what happens to a job is told on the event bus."""
