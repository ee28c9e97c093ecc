"""One question -> one answer. No clock, no files, no terminal: the day of service is part of the question."""
