"""ifcpipe: a serverless, event-driven pipeline for IFC building models."""

import os

# No plugin of pydantic is meant to change what is validated here, and looking for one through all that is
# installed takes as long as the contract of an operation: https://docs.pydantic.dev/latest/concepts/plugins/
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
