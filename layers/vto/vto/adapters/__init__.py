"""How the ports reach AWS and Pillow; names of botocore end here."""
