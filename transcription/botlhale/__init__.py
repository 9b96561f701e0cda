"""Botlhale AI, a provider for South African languages: a presigned upload, then polling."""
