"""One module a command; heavy imports sit inside the function."""
