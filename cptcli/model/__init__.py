"""The nouns: frozen, with no behavior beyond reading themselves. Not here: loading, deciding, wording, rendering.

The fields of common, claim, codes, tables, devices, rules and rulebook are the keys of `rules/*.yaml`; those of answer,
comparison, lookup, visit and data are the keys of the JSON output.
"""
