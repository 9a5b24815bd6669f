"""Tools for this repository; the product itself needs none of them."""
