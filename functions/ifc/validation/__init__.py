"""Whether a model conforms to schema, rules and header policy."""
