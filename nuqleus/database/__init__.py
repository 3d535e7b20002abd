"""What is known about every file. The truth; the queue is only a doorbell."""
