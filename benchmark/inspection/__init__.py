"""Looking at the data of a dataset before anything is trained on them."""
