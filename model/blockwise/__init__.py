"""Images too large for memory, segmented and measured block by block."""
