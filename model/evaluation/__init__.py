"""Evaluation of a segmentation: matching, scores, a report."""
