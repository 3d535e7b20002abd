"""`nuqleus`, but the workers that it starts have a stand-in for the network: they are ready in a second or two."""

import os
import sys
from pathlib import Path

from nuqleus import machine
from nuqleus.cli import main

machine.WORKER = (
    *(sys.executable, "-m", "celery", "--quiet", "-A", "tests.integration.worker.stand_in_app", "worker"),
    *("--without-mingle", "--without-gossip"),
)

if __name__ == "__main__":
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    main(prog_name="nuqleus")
