#!/bin/sh
# Runs a command so that Ctrl-C reaches it alone: it stops cleanly, and make doesn't call that an error.
# A terminal sends Ctrl-C to a whole process group; job control gives the command a group of its own.
if [ ! -t 0 ]; then
    exec "$@"
fi
set -m
"$@"
exit $?
