"""Sample pictures that the product draws itself: a person, garments, shoes, a room and furniture for it.

Everything is drawn from code, so no picture of anybody or of anybody's goods is needed; the same code draws the
same pixels on every machine.
"""
