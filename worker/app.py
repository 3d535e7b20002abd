"""Celery app for `celery -A worker.app worker`. Settings come from the environment; TensorFlow stays out of here."""

from nuqleus.settings import get_settings
from worker.celery_app import create_app
from worker.child_process import WorkerChild

settings = get_settings()
app = create_app(settings, WorkerChild(settings), __name__)
