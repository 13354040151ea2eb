"""Satisfaction surveys: asked by SMS, answered by digit or by link."""
