"""Triggers of migration 0010: a file that is deleted leaves its results to its first duplicate that is left.

The database does it, so that it holds for whatever program deletes. The heir is the one that
`nuqleus.database.files.result_transfer` chooses, too: one that is there before one that is gone, then by id. A
migration that makes the table `files` anew in SQLite has to create these anew as well.
"""

_HEIR = "SELECT id FROM files WHERE duplicate_of = OLD.id ORDER BY gone_at IS NOT NULL, id LIMIT 1"

_INHERITS = (
    "duplicate_of = NULL, "
    "state = CASE state WHEN 'duplicate' THEN 'done' ELSE state END, "
    "previous_state = CASE previous_state WHEN 'duplicate' THEN 'done' ELSE previous_state END"
)

_SQLITE = f"""
CREATE TRIGGER results_to_first_duplicate BEFORE DELETE ON files
WHEN EXISTS (SELECT 1 FROM files WHERE duplicate_of = OLD.id)
BEGIN
    UPDATE images SET file_id = ({_HEIR}) WHERE file_id = OLD.id;
    UPDATE files SET duplicate_of = ({_HEIR}) WHERE duplicate_of = OLD.id AND id <> ({_HEIR});
    UPDATE files SET {_INHERITS} WHERE duplicate_of = OLD.id;
END
"""  # noqa: S608

# after, since PostgreSQL lets nobody change a row before the statement deletes it, too
_FUNCTION = f"""
CREATE FUNCTION results_to_first_duplicate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    heir integer;
BEGIN
    {_HEIR.replace("SELECT id", "SELECT id INTO heir")} FOR UPDATE;
    IF heir IS NOT NULL THEN
        UPDATE images SET file_id = heir WHERE file_id = OLD.id;
        UPDATE files SET {_INHERITS} WHERE id = heir;
        UPDATE files SET duplicate_of = heir WHERE duplicate_of = OLD.id;
    END IF;
    RETURN NULL;
END
$$
"""  # noqa: S608

# triggers of one event run in the order of their names: this one before the foreign keys' own, `RI_…`, that delete
_TRIGGER = """
CREATE TRIGGER "A_results_to_first_duplicate" AFTER DELETE ON files
FOR EACH ROW EXECUTE FUNCTION results_to_first_duplicate()
"""

CREATE = {"sqlite": [_SQLITE], "postgresql": [_FUNCTION, _TRIGGER]}

DROP = {
    "sqlite": ["DROP TRIGGER results_to_first_duplicate"],
    "postgresql": [
        'DROP TRIGGER "A_results_to_first_duplicate" ON files',
        "DROP FUNCTION results_to_first_duplicate",
    ],
}
