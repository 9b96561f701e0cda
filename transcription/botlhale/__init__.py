"""Botlhale AI: South African languages; a presigned upload, then polling."""
