"""The chatbot: reading short replies and keeping up a dialogue, without a database or a clock."""
