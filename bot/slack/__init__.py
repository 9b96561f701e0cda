"""Slack's side of the bot: Web API, files, errors, rate limits, workspaces, the Bolt app, Socket Mode."""
