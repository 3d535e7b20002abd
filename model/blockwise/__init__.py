"""Blockwise segmentation and measurement of images too large for memory."""
