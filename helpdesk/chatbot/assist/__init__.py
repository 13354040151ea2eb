"""Other bots beside ours: they may word a sentence anew and propose an answer to an agent; they decide nothing."""
