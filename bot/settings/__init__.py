"""The settings: what they are, how they are read, and what is wrong with them."""
