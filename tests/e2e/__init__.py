"""Tests against the real product: its own processes on a scratch data directory."""
