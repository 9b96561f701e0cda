"""The HTTP server with its routes, and the HTTP session for calls to Slack."""
