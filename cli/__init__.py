"""The command line, and the processes of `nuqleus run`."""
