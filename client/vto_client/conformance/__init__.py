"""`vto conformance`: does an engine keep the contract?"""
