"""Gowajee, a provider for Thai: a multipart or inline upload, the result by webhook or polling."""
