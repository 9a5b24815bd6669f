"""Tools for a state machine that is tested like code: read it, lint it, run it in process, measure what tests took.

Nothing in here knows the product: every module takes a definition in Amazon States Language (JSONPath) and works for
any machine of Task, Choice, Wait, Pass, Succeed and Fail states.
"""
