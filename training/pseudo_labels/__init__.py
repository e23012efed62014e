"""Labels of photographs by a permissively licensed program instead of by hand."""
