"""Rehearsal: crops of what the shipped network has learnt from, shown again while it is fine-tuned on other images.

A network that only sees new images forgets the old ones (French 1999, *Catastrophic forgetting in connectionist
networks*); a few of the old ones among them are enough against that (Robins 1995, *Catastrophic forgetting,
rehearsal and pseudorehearsal*). `CREDITS.md` says whose images these are; `benchmarks/rehearsal_crops.py` makes the
file.
"""
