"""Isocenter: an event-driven DICOM platform."""
