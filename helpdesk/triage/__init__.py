"""Triage: what a message is about, how urgent it is and whether somebody is in danger."""
