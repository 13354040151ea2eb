"""Spare parts: the catalogue, what fits which fault, vans and warehouse."""
