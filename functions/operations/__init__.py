"""The operations: one folder each, a contract (`__init__.py`) and an implementation (`run.py`)."""
