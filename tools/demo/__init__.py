"""The demo: a small platform, a publisher for it, and the story of a crash between them."""
