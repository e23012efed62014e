"""The report of a conversion: figures, pictures, page."""
