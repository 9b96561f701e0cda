"""The numbered migrations, as package data."""
