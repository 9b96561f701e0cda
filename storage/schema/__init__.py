"""The numbered SQL migrations, as package data."""
