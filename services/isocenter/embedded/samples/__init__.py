"""Sample studies for a first look: a generated CT phantom with its prior, and pydicom's packaged files."""
