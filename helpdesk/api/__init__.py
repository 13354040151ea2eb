"""The REST API: the same records under the same guard as the pages, described by OpenAPI."""
