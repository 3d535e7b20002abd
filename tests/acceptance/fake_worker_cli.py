"""`nuqleus`, but the workers that it starts have a fake segmenter: they are ready in a second or two.

FAKE_WORKER in the environment is started instead of a worker; WORKER_GRACE is how many seconds one may take to end.
"""

import os
import sys
from pathlib import Path

from cli.main import main
from cli.processes import local_stack

local_stack.WORKER = (
    *(sys.executable, "-m", "celery", "--quiet", "-A", "tests.integration.worker.fake_app", "worker"),
    *("--without-mingle", "--without-gossip"),
)

if __name__ == "__main__":
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    if program := os.environ.get("FAKE_WORKER"):
        local_stack.WORKER = (program,)
    local_stack.WORKER_GRACE = float(os.environ.get("WORKER_GRACE", local_stack.WORKER_GRACE))
    main(prog_name="nuqleus")
