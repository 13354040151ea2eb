"""Tests of the chatbot's language: readings, dialogues."""
