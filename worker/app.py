"""What `celery -A worker.app worker` loads. Settings come from the environment; TensorFlow stays out of here."""

from nuqleus.settings import get_settings
from worker.task import create_app
from worker.worker_process import Child

settings = get_settings()
app = create_app(settings, Child(settings), __name__)
