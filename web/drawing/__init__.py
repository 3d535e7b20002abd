"""Drawing: a process of its own that reads images and masks and draws them.

It alone sees strangers' bytes: it knows no password and no token, may write no file, and is killed when it takes too
long or too much memory. Then one picture is missing, and the page goes on.
"""
