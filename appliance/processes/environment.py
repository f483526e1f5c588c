# SPDX-License-Identifier: GPL-2.0-only
"""What every process is told by its environment beside its configuration."""

import os
from pathlib import Path

from appliance.config import exit_with


def state_directory() -> Path:
    """BRANCHLINE_STATE, where the box keeps what must survive; without it the process ends with status 2."""
    name = os.environ.get("BRANCHLINE_STATE", "")
    if not name:
        exit_with("BRANCHLINE_STATE does not name a state directory")
    return Path(name)
