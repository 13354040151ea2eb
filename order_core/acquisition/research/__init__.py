"""Market research (2.1): monthly rounds, findings of three kinds, reports, analysis, forecast."""
