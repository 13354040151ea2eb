"""A phone in the browser (demo only): text and call as any demo customer, through the real webhooks."""
