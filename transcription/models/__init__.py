"""The speech models of the offline engine: catalog, installation, lookup and verification."""
