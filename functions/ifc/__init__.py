"""What operations share about IFC: the gate, the child process, reading and geometry."""
