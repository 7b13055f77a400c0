"""How a process lives: settings, lifecycle, consuming, RPC, callers, health, logs. Knows no DICOM."""
