"""CMS's published tables: what ships, what the user imported, and one interface over both.

Imports the nouns and the errors of `cptcli`, and of the rule base only what reads the shipped files; nothing that
decides, renders or belongs to the command line.
"""
