"""Reports that several operations write: BCF topics and pages."""
