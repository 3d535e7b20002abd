"""The ground floor: settings, errors, messages, the database. And the command line on the roof."""

__version__ = "0.1.0"
