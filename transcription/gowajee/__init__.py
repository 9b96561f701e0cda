"""Gowajee: Thai; a multipart upload, the result by a webhook or by polling."""
