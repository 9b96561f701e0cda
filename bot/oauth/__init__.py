"""Installing the app in many workspaces: the OAuth flow, token rotation, and encrypted tokens."""
