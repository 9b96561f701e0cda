"""Socket Mode: a connection that Slack sends events over, replaced before it is closed and after it is lost."""
