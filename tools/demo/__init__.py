"""The demo: a publisher, a platform that falls silent, and the story of a crash between them."""
