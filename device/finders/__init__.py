"""Face finders: where in a frame are faces?"""
