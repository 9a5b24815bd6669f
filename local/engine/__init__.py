"""moto 5.2.5's interpreter of the Amazon States Language as the engine of the local stack's state machines.

Machines live in MiniStack, where CloudFormation makes them; their executions run here, in a process of its own,
and every task goes back to MiniStack signed as the machine's role. One module per patch, each with `install`.
`python -m local.engine` starts it; the environment it expects is written by `local.stack`.
"""
