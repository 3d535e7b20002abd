"""Evaluation report: scores, curves, and every image with its errors marked, on one page."""
