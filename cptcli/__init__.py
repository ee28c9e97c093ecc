"""cpt: which billing code for this device, this payer, this day - and who says so.

The public surface is the `cpt` command, its JSON and the rule format; no Python API is promised.
"""

__version__ = "0.1.0"  # a constant: reading package metadata costs more than parsing all the rules
