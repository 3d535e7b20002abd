"""Celery app for `celery -A worker.app worker`. Settings come from the environment; TensorFlow stays out of here."""

from nuqleus.settings import get_settings
from worker.task import create_app
from worker.worker_process import WorkerProcess

settings = get_settings()
app = create_app(settings, WorkerProcess(settings), __name__)
