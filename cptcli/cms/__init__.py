"""CMS's published tables: the shipped ones, the imported ones, and one interface to both.

Imports the nouns and errors of `cptcli`, and from the rule base only what reads the shipped files. Imports nothing that
decides, renders or belongs to the command line.
"""
