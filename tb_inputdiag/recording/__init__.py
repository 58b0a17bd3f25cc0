"""What is done with what the probe saw: records, alerts and the log."""
