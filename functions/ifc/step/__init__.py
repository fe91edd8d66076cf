"""The text of STEP files: checked, indexed and spliced, without a parser."""
