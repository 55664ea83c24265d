"""The API: what programs ask, under `/api/v1`, through the same actions as the pages."""
