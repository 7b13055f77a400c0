"""The command `isocenter`: talks to the running platform; only offline commands open adapters."""


def main() -> int:
    """Run the command line; returns the exit code."""
    raise SystemExit("not built yet")
