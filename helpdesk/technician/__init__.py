"""The technician's mobile pages: today's visits, worked with or without a network."""
