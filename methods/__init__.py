"""Training methods, one file per family; `losses` and `networks` are folders of their own."""
