"""The page: what the database knows, for people at a browser, and as JSON for programs."""
