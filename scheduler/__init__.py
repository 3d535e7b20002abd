"""The scheduler: notices files, records them, sends their messages to the workers."""
