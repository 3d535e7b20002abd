"""Queries: what there is to ask a database without changing anything."""
