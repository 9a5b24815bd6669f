"""The canvas endpoint: virtual try-on behind the Nova Canvas contract, and the engines that draw it.

The package stands alone: nothing of the pipeline is imported here, so a container or a layer carries only this.
Importing it imports nothing else; ``canvas.preview`` needs OpenCV, Pillow and numpy, ``canvas.server`` a server too.
"""
