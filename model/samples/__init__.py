"""Sample images: synthetic ones whose nuclei are known exactly, and real ones that installed packages ship."""
