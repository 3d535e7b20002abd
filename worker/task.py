"""Binds the work to Celery: one task, and what a worker process does when it starts and ends."""

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from nuqleus.queue import TASK, make_app
from nuqleus.settings import Settings
from worker.child import Child

MEMORY_LIMIT_KB = 4 * 1024 * 1024
"""A child that once needed more is replaced after its task: memory that fell apart never comes back."""


def create_app(settings: Settings, child: Child, module: str) -> Celery:
    """Build the app of a worker.

    Args:
        settings: of the queue and the time limits.
        child: does the work in the worker's child process.
        module: the module that calls this and keeps the result as `app`. Child processes are fresh interpreters
            (a fork would inherit locks and threads, and macOS has no safe fork): they import it to find the task.
    """
    app = make_app(settings)
    app.conf.update(
        include=(module,),
        worker_pool="prefork",
        worker_pool_start_method="spawn",
        worker_concurrency=1,
        worker_max_memory_per_child=MEMORY_LIMIT_KB,
    )
    app.task(child.handle, name=TASK)
    worker_process_init.connect(child.start, weak=False)
    worker_process_shutdown.connect(child.stop, weak=False)
    return app
