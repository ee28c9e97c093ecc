"""A patient's day: units, modifiers, edits, coverage and amount of the lines of one claim. No clock, no files."""
