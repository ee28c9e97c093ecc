"""Whole files: service lines -> days -> what `cpt check` says of each, beside each line. Deciding and annotating.

- `question`: a service line -> what is asked of it, or why it is not checked
- `judge`: the lines of one patient's day -> a verdict for each, worked out once for each question
- `days`: the rows or lines of a part of a file -> the days in it
- `parts`, `run`: files -> parts -> annotated bytes, in one process or several
- `tally`: what is counted, for the summary
"""
