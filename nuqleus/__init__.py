"""The ground floor: settings, errors, logs, messages, the queue, the database."""

__version__ = "0.1.0"
