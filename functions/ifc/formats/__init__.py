"""The file formats that a model is converted to, one module each."""
