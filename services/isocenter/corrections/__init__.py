"""What people corrected, as everybody sees it: which corrections apply, to documents and to files. No I/O."""
