"""Statistics on per-case scores: what can be said of other patients and other training runs. No torch, no ray."""
