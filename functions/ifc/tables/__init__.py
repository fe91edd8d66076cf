"""Tables of values: written from models, read back, compared and set."""
