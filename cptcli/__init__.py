"""cpt: which billing code for this device, payer and date of service, and who says so.

The public surface is the `cpt` command, its JSON and the rule format; no Python API is promised.
"""

__version__ = "0.1.0"  # a constant: reading package metadata costs more than parsing all the rules

AMA_NOTICE = (
    "CPT is a registered trademark of the American Medical Association. No AMA descriptor is part of this program; "
    "every description is in our own words."
)
NO_ADVICE = "Not legal or billing advice: the payer has the final say."
