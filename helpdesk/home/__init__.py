"""The way in: the first page, the choice of language."""
