"""One question -> one answer. No clock, no files, no terminal: the date of service is part of the question."""
