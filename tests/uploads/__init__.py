"""What becomes of the uploads to a leased PPA."""
