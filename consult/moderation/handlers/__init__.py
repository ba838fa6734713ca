"""What follows from texts that were sent: fingerprints, policies that decide, reminders."""
