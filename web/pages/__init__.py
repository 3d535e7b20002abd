"""Pages: each module has the handlers of one, and of what it is made of."""
