"""What trained networks have learned, read from a finished run."""
