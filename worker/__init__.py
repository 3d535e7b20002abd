"""The worker: takes files from the queue, segments them, stores their results."""
