"""Pixels as a file has them → pixels as the network expects them."""
