"""How workspaces install the app: the OAuth flow, the tokens that it brings, their rotation and their encryption."""
