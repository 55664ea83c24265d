"""What a post is made of, beyond a text: parts, media, links and polls; pure values."""
