"""`python -m isocenter` is the command `isocenter`."""

import sys

from isocenter.cli import main

sys.exit(main())
