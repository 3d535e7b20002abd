"""How fast and how good nuqleus is, beside others where there are others. Not part of the package."""
