"""Processes on one machine: started, watched, started again when they die, ended together."""
