"""What the supervisor's parts may ask of archives besides the PPAs that are lent.

Rule: a value that holds the ports together; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..archive_port import Copies, Histories, PrimaryArchives
from ..upload_port import UploadReports


@dataclass(frozen=True, slots=True)
class Archives:
    """The ports: of the distribution's own archive, of uploads, of copies, and of the past."""

    primary: PrimaryArchives
    uploads: UploadReports
    copies: Copies
    histories: Histories
