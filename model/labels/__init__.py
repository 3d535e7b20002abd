"""Label images: stored, compared, drawn."""
