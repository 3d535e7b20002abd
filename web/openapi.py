"""OpenAPI description of the JSON interface."""

from typing import Any

from nuqleus import __version__
from nuqleus.database.file_states import FileState

_WHOLE, _TEXT = {"type": "integer", "minimum": 0}, {"type": "string"}
_STATE = {"type": "string", "enum": [state.value for state in FileState]}


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _WHOLE}


def _get(summary: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": _RESPONSES}}


_ERROR = {
    "content": {
        "application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}
    }
}
_RESPONSES = {
    "200": {"description": "The answer.", "content": {"application/json": {"schema": {"type": "object"}}}},
    "400": {"description": "A parameter makes no sense.", **_ERROR},
    "401": {"description": "A token is needed.", **_ERROR},
    "404": {"description": "There is no such thing.", **_ERROR},
    "503": {"description": "The database doesn't answer.", **_ERROR},
}
_BEFORE = _query("before", _WHOLE, "`next_before` of the page before: the next page.")
_PATH = _query("path", _TEXT, "Only files whose path holds this.")
_FORM = {
    "type": "object",
    "properties": {"id": _WHOLE, "reason": _TEXT, "path": _TEXT},
    "description": "`id`: one file that ended; else those that failed, for this reason, at a path that holds this.",
}

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "nuqleus", "version": __version__, "description": "What the page shows, for programs."},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "security": [{}, {"token": []}],
    "paths": {
        "/api/status": _get("How things stand, as of a moment ago."),
        "/api/files": _get(
            "Files, the newest first.",
            _query("state", _STATE, "Only files in this state."),
            _query("reason", _TEXT, "Only files that failed or are ignored for this reason, in a word."),
            _PATH,
            _BEFORE,
        ),
        "/api/files/{file_id}": _get("A file, and the first of its images.", _path("file_id")),
        "/api/files/retry": {
            "post": {
                "summary": "Process files again.",
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _FORM}}},
                "responses": _RESPONSES,
            }
        },
        "/api/images": _get(
            "Images, the newest first.",
            _PATH,
            _query("file", _WHOLE, "Only images of this file."),
            _query("well", _WHOLE, "Only images of this well."),
            _BEFORE,
        ),
        "/api/images/{image_id}": _get("What is known of an image.", _path("image_id")),
        "/api/images/{image_id}/at": _get(
            "The nucleus at a pixel.",
            _path("image_id"),
            _query("row", _WHOLE, "Row of the pixel."),
            _query("col", _WHOLE, "Column of the pixel."),
        ),
        "/api/plates": _get("Plates, the newest first.", _BEFORE),
        "/api/plates/{plate_id}": _get(
            "A plate, and a statistic of its wells.",
            _path("plate_id"),
            _query(
                "by", _TEXT, "The statistic: `nuclei`, `mean_area`, `mean_intensity_mean:0` of a channel."
            ),
            _query("t", _WHOLE, "The time point, from 0; without it, the mean over all."),
            _query("z", _WHOLE, "The step of z, the same."),
        ),
        "/api/images/{image_id}/nuclei": _get(
            "Nuclei of an image, in order of their labels.",
            _path("image_id"),
            _query("after", _WHOLE, "`next_after` of the page before: the next page."),
        ),
        "/api/images/{image_id}/nuclei/{label}": _get(
            "All numbers of a nucleus.", _path("image_id"), _path("label")
        ),
    },
}
