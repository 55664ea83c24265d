"""Small changes of the source, made by rule: how many of them the suite notices."""
