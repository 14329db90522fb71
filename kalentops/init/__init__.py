"""What a repository needs to be worked on with kalentops, put into a folder without touching what is there."""
