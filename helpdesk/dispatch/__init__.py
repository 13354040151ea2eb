"""Dispatch: arrival windows that are promises, technicians, visits and who drives where."""
