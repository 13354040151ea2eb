"""Search over everything people ask for: one index of tokens, Chinese by pairs of characters, English by words."""
