"""States of files, and the transitions between them.

The scheduler moves them in `scheduler_files.py`, workers in `worker_files.py`, the scheduler's sweep in `recovery.py`,
people in `retry.py`; nothing else changes `files.state`.

    waiting ─ enqueue ─→ queued ─ claim ─→ running ─┬─ complete_all ───→ done
       ↑                   ↑                 │      ├─ mark_duplicate ─→ duplicate
       │                   └──── sweep ──────┤      └─ fail, sweep ────→ failed
       └─ observe (the file changed), retry, release ┘

A file that is gone before it is queued has `failed`, too: `forget`.

A file that is no image is `ignored`: `observe` or `ignore` say so, `reconsider` makes it `waiting`.

Every arrow is one conditional UPDATE: it names the state that it starts from and, for a running file, the owner
of the lease. The database lets one of several contenders through, so no two workers ever own a file, and one that
lost its lease (it was silent too long, or the file changed) changes nothing any more.

A file that is `done` has results: all of them, written in the transaction that sets the state, by one model. They leave
in the one that records that the file changed. A file that is retried keeps them until new ones replace them, in one
transaction; if it fails this time, they stay. Where they leave, or the file has vanished, its first duplicate inherits.

Leases compare the clocks of the worker's and the scheduler's machine: keep them in step to within a few seconds.
"""
