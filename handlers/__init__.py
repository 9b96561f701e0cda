"""Request handlers: Slack events, commands and interactions, provider webhooks, health checks, metrics."""
