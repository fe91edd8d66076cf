"""Writing models in other formats: one module a format, each with `write(options, source, target, files)`."""
