"""`nuqleus schedule` with stages: `python -m tests.faults.staged_scheduler schedule`."""

from cli.main import main
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.settings import get_settings
from tests.faults import stages
from tests.faults.stages import Stages


def staged(enqueue):
    """The same, with a stage before and after."""

    def wrapped(files, queued, *arguments, **options):
        halts = Stages(get_settings().state_dir / "stages")
        if queued:
            halts.reach(stages.BEFORE_QUEUED)
        moved = enqueue(files, queued, *arguments, **options)
        if moved:
            halts.reach(stages.BEFORE_SENT)
        return moved

    return wrapped


def staged_count(count):
    """The same, with a stage before: statistics of a plate or folder are stored, what stands out isn't counted yet."""

    def wrapped(statistics, group):
        Stages(get_settings().state_dir / "stages").reach(stages.STATISTICS_STORED)
        count(statistics, group)

    return wrapped


if __name__ == "__main__":
    GroupStatistics._count_standing_out = staged_count(GroupStatistics._count_standing_out)
    SchedulerFiles.enqueue = staged(SchedulerFiles.enqueue)
    SchedulerFiles.enqueue_fields = staged(SchedulerFiles.enqueue_fields)
    main(prog_name="nuqleus")
