"""`vto doctor`: is an installation as it has to be?"""
