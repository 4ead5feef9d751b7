"""Routes through several models, found in stored records of the same samples."""
