"""ifcpipe: a serverless, event-driven pipeline for IFC building models."""
