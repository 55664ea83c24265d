"""The pages: a module a page, each of which gathers what its template shows."""
