"""The command line: parse, one call, one render. Imports every room below and does none of their work."""
