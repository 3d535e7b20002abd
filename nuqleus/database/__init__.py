"""The database: what is known about every file, and the truth about its state."""
