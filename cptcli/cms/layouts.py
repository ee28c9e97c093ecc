"""The layouts of CMS's files. A file is recognized by its content alone."""

from . import layout_fees, layout_hcpcs, layout_mcd, layout_ncci, layout_places
from .cells import Layout
from .reading import Document

LAYOUTS = (
    Layout("procedure-to-procedure edits", layout_ncci.are_edits, layout_ncci.read_edits),
    Layout("medically unlikely edits", layout_ncci.are_units, layout_ncci.read_units),
    Layout("relative values of the fee schedule", layout_fees.are_values, layout_fees.read_values),
    Layout("practice cost indices (GPCI)", layout_places.are_indices, layout_places.read_indices),
    Layout("HCPCS Level II codes (ANWEB)", layout_hcpcs.are_level2, layout_hcpcs.read_level2),
    Layout("ZIP codes to localities (ZIP5)", layout_places.are_zip_codes, layout_places.read_zip_codes),
    Layout("Medicare Coverage Database (articles, LCDs, NCDs)", layout_mcd.is_export, layout_mcd.read_export),
)


def recognize(document: Document) -> Layout | None:
    """Return the layout of a document; None if cpt does not read it."""
    return next((layout for layout in LAYOUTS if layout.is_this(document)), None)
