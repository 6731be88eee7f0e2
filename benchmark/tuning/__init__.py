"""Search for a method's parameters on the validation part of its training cases."""
