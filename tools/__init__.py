"""What a developer runs once and commits the result of; nothing of it is shipped."""
