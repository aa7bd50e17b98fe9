"""What the processes tell those who run them: logs and metrics."""
