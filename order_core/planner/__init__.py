"""The planner: pure functions on plain values, no session and no clock.

``forecast`` looks ahead along one series, ``promise`` computes a date that can be kept, ``net`` turns needs into
releases, ``lots`` says how much at a time, ``schedule`` in which order. Numerical libraries live here only.
"""
