"""Listens: Slack's events and commands, the providers' webhooks, and the health checks."""
