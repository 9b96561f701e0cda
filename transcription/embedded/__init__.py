"""The offline engine as a transcriber: its model, its languages, its process and its result."""
