"""Pixels → label image: tiles, the network's maps, instances."""
