"""The stations of a conversion, one a file, in the order in which they run."""
