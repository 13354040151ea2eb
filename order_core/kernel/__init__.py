"""The nine words everything else is built from: case sign clock check plan measure notice stock guard."""
