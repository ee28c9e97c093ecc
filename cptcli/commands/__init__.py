"""The command line: parse, one call, one render. Knows every layer below and holds none of their work."""
