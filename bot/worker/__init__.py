"""The worker: claims jobs, takes each one step further, retries, polls, keeps within rate limits and quotas."""
