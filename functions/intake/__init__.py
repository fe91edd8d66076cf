"""Intake: an object arrived in the input bucket, and the jobs it asks for are made."""
