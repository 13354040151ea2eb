"""Indicators as pictures first, figures second."""
