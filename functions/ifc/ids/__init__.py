"""IDS 1.0: reading and checking the file, auditing a model, reporting."""
