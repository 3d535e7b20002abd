"""Training: labelled images → weights. Nothing in here is imported by a worker."""
