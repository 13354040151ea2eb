"""Chapter 3: orders issued and confirmed, design changes; supply, quality and equipment follow."""
