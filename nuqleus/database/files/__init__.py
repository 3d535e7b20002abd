"""States of files, and the transitions between them.

The scheduler moves them in `scheduler_files.py` (by what a scan saw: `observation.py`), workers in `worker_files.py`,
the scheduler's sweep in `recovery.py`, people in `retry.py`; nothing else changes `files.state`.

    waiting ─ enqueue ─→ queued ─ claim ─→ running ─┬─ complete_all ───→ done
       ↑                   ↑                 │      ├─ mark_duplicate ─→ duplicate
       │                   └──── sweep ──────┤      └─ fail, sweep ────→ failed
       └─ observe (another stamp), retry, release ───┴─ confirm, fail ───→ what it was before

A file that is gone before it is queued has `failed`, too: `forget`.

Files of a field of a plate are one image: its lead goes this way, the others are `companion`; see `fields.py`.

A file that is no image is `ignored`: `observe` or `ignore` say so, `reconsider` makes it `waiting`.

Every arrow is one conditional UPDATE: it names the state that it starts from and, for a running file, the owner
of the lease. The database lets one of several contenders through, so no two workers ever own a file, and one that
lost its lease (it was silent too long, or the file changed) changes nothing any more.

A file that is `done` has results: all of them, written in the transaction that sets the state, by one model. A file
that is queued again keeps them, and knows in `previous_state` what it was:

- Its stamp changed (`nuqleus.file_stat`), so that its content is `suspected` to be another one. The worker hashes it.
  The same content: `confirm` makes it what it was. Another one: `drop_results` takes the results away, and the file
  is processed like a new one.
- It is retried: new results replace the old ones in one transaction; if it fails this time, those stay.
- It isn't there when its turn comes: it is again what it was (`end_vanished`, `fail`).

A path that is no longer there has the time in `gone_at`. A worker that finds its content at a new path gives the file
that path (`follow_move`); the new row goes. Where results leave, or their path is gone, the first
duplicate that is there inherits.

Leases compare the clocks of the worker's and the scheduler's machine: keep them in step to within a few seconds.
"""
