"""Socket Mode: WebSockets for Slack's events, replaced before they are closed and after they are lost."""
