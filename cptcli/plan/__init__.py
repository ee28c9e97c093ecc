"""What the rules and tables alone decide, worked out once and kept: a line of a claim then meets only what applies."""
