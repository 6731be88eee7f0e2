"""nsbench: which training method to use when segmentation labels are wrong or scarce."""
