"""Takes a file, segments it, stores what it found."""
