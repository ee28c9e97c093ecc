"""What a check has to say: findings as data while a day is decided, and their words where an answer is shown."""
