"""How refusals reach the person: a page, a fragment or a problem document, in the reader's language."""
