"""ifcpipe: a serverless, event-driven pipeline for IFC building models."""

import gc
import os

ALLOCATIONS = 20_000  # between two looks for garbage; Python's own default is 700 to 2000

# Imports make objects by the hundred thousand and hardly any cycles, and so does reading a model: a tenth of
# a cold start and of a job went into looking for them.
gc.set_threshold(ALLOCATIONS)
# No plugin of pydantic is meant to change what is validated here, and looking for one through all that is
# installed takes as long as the contract of an operation: https://docs.pydantic.dev/latest/concepts/plugins/
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
