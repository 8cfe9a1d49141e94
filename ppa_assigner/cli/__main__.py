"""`python -m ppa_assigner.cli`: the command line without its console script."""

import sys

from . import main

sys.exit(main())
