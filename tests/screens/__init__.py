"""What commands show on a terminal, as whole screens."""
