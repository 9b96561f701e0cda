"""Slack as the bot calls it and is called by it: the Web API, files, errors, workspaces, the Bolt app."""
