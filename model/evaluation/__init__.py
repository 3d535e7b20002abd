"""How good a segmentation is: matching, scores, a report."""
