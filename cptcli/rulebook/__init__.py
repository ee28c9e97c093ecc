"""rules/*.yaml -> one immutable, indexed RuleBook. Reads files; decides nothing."""
