"""The command `isocenter`: talks to the running platform; only offline commands open adapters."""

import sys


def main() -> int:
    """Run the command line; returns the exit code (0 done, 1 failed or something found, 2 wrong usage)."""
    from isocenter.cli.app import app

    app(prog_name="isocenter")
    return 0


if __name__ == "__main__":
    sys.exit(main())
