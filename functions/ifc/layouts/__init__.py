"""The layouts of JSON that ifc2json writes."""
