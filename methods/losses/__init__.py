"""The loss family: methods that train one network with one loss."""
