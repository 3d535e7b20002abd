"""Checks of the watched folder, before anybody looks into it."""

from nuqleus.errors import SettingsError
from nuqleus.settings import Settings


def check_inbox(settings: Settings) -> None:
    """Make sure that there is a folder to watch, and that nobody is to write into it.

    Raises:
        SettingsError: with what to do.
    """
    inbox = settings.input_dir
    if not inbox.is_dir():
        raise SettingsError(
            f"The watched folder {inbox} {'is not a folder' if inbox.exists() else 'does not exist'}. Create it, "
            "or name another one with --input or NUQLEUS_INPUT_DIR."
        )
    for name, folder in (("state", settings.state_dir), ("overlay", settings.overlay_dir)):
        if folder is not None and folder.resolve() == inbox.resolve():
            raise SettingsError(
                f"The {name} folder can't be the watched folder {inbox}, which is never written to: "
                f"give NUQLEUS_{name.upper()}_DIR another one."
            )


def create_default_inbox(settings: Settings) -> None:
    """Create the watched folder if it is the one that is watched when nobody names one."""
    if settings.input_dir == type(settings).model_fields["input_dir"].default:
        settings.input_dir.mkdir(exist_ok=True)
