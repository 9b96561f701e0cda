"""The offline engine as a transcriber: model selection, languages, worker process and result."""
