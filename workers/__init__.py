"""The processes behind the web: workers that bring effects about, and the scheduler that wakes them.

They import the helpdesk; the helpdesk never imports them: it starts processes and names jobs by string.
"""
