"""The command line, `threadscribe`: `doctor`, `demo`, `transcribe`, and the commands for jobs, models and databases."""
