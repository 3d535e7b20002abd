"""TIFF and its relatives: pages, layouts, colours, regions, and the metadata of those who write them."""
