"""What an image or a video is, by its first bytes: pure, and never more than what is there."""
