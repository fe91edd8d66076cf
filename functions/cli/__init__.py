"""The command line `ifcpipe`, one module a noun. Imports are lazy, so that `--help` comes at once."""
