"""An answer -> a sheet: what is on the page, in which order, and what stays when only 24 lines fit.

A sheet is the same for every medium; show/ draws it on a terminal, in a pipe or as HTML and decides nothing.
"""
