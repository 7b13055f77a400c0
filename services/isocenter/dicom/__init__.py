"""The DICOM standard itself: identifiers, header scan, frames, transfer syntaxes, JSON model. No I/O, no services."""
