"""Which version this is.

Rule: a checkout has the version that is being made; a package has what its tag says, written here when it is built.
"""

VERSION = "0.1.0.dev0"
