"""The command `isocenter`: talks to the running platform; only offline commands open adapters."""

import sys

from isocenter.errors import IsocenterError


def main() -> int:
    """Run the command line; returns the exit code (0 done, 1 failed or something found, 2 wrong usage)."""
    from isocenter.cli.app import app

    try:
        app(prog_name="isocenter")
    except IsocenterError as error:
        sys.stderr.write(f"Error: {error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
