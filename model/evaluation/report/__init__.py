"""One page that shows how good nuclei are: scores, curves, and every image with its mistakes marked."""
