"""Facts of the standard as data; see README.md beside."""
