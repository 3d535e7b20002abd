"""What `nuqleus export` writes: a module for each format, whose `export` is an `Exporter`."""
