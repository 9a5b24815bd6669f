"""The local stack: the real template, through the real SAM, on an emulated AWS on this machine."""
