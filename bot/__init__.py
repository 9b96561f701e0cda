"""Acts: claims jobs, takes them one step further, and answers in the thread."""
