"""Process supervision on one machine."""
