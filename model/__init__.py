"""Pixels → labels → numbers: reading, the U-Net, instances, measurements, training. Knows no queue and no database."""
