"""The worker: claims jobs, runs their steps, retries and polls, and keeps rate limits and quotas."""
