"""Where the pipeline runs: the infrastructure as code."""
