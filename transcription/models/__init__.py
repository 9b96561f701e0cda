"""The offline engine's speech models: which ones are known, where they are, whether they are what they should be."""
