"""The DICOM conformance statement: words in `statement.md`, tables out of the code that they speak of."""
