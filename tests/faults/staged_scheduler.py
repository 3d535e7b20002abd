"""`nuqleus schedule` with stages: `python -m tests.faults.staged_scheduler schedule`."""

from cli.main import main
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.settings import get_settings
from tests.faults import stages
from tests.faults.stages import Stages

enqueue = SchedulerFiles.enqueue


def staged_enqueue(files, ids, **options):
    halts = Stages(get_settings().state_dir / "stages")
    if ids:
        halts.reach(stages.BEFORE_QUEUED)
    moved = enqueue(files, ids, **options)
    if moved:
        halts.reach(stages.BEFORE_SENT)
    return moved


if __name__ == "__main__":
    SchedulerFiles.enqueue = staged_enqueue
    main(prog_name="nuqleus")
