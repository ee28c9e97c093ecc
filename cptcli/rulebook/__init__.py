"""rules/*.yaml -> one immutable, indexed RuleBook. Reads files and decides nothing."""
