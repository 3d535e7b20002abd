"""Templates: what pages are made of."""

import shutil

from web import templates
from web.templates import Templates


def test_a_page_that_runs_while_a_later_version_is_installed_keeps_its_own_templates(
    tmp_path, monkeypatch, clock
):
    folder = shutil.copytree(templates.FOLDER, tmp_path / "html")
    monkeypatch.setattr(templates, "FOLDER", folder)
    made = Templates(clock, "edition")
    (folder / "plot_progress.html").write_text("{{ of_a_later_version }}")
    assert "50 %" in made.render("plot_progress.html", progress=0.5)
