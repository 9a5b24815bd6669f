"""Machines whose form is wrong."""

from tests.template.lint.machines import MACHINE, SUBMIT, Case, broken, drop, put, rewritten

BROKEN = [
    broken(
        'Store Result: shape: Type is "Taks"; '
        'choose one of Task, Choice, Wait, Pass, Succeed, Fail (did you mean "Task"?)',
        put("Store Result/Type", "Taks"),
    ),
    broken(
        "Store Result: shape: Retry is no list of rules; write a list of objects, their ErrorEquals lists of names",
        put("Store Result/Retry", {"ErrorEquals": ["States.ALL"]}),
    ),
    broken(
        "Store Result: shape: Catch is no list of rules; write a list of objects, their ErrorEquals lists of names",
        put("Store Result/Catch", 5),
    ),
    *(
        broken(f"Store Result: shape: {field} is {told}; write {kind}", put(f"Store Result/{path}", value))
        for path, field, value, told, kind in (
            ("TimeoutSeconds", "TimeoutSeconds", "40", '"40"', "a number"),
            ("HeartbeatSeconds", "HeartbeatSeconds", True, "true", "a number"),
            ("Retry/0/MaxAttempts", "Retry[0].MaxAttempts", "3", '"3"', "a number"),
            ("Retry/1/MaxDelaySeconds", "Retry[1].MaxDelaySeconds", None, "null", "a number"),
            ("Next", "Next", ["Notify Client"], '["Notify Client"]', "the name of a state"),
            ("Catch/0/Next", "Catch[0].Next", None, "null", "the name of a state"),
            ("TimeoutSecondsPath", "TimeoutSecondsPath", [], "[]", "a path"),
            ("Parameters", "Parameters", [], "[]", "an object"),
            ("ResultSelector", "ResultSelector", 5, "5", "an object"),
            ("ResultPath", "ResultPath", 5, "5", "a path or null"),
        )
    ),
    broken(
        "Call Now?: shape: Choices[1].And is {}; write a list",
        put("Call Now?/Choices/1/And", {}),
    ),
    broken(
        'Call Now?: shape: Choices[1].And[0] is "reuse"; write an object',
        put("Call Now?/Choices/1/And/0", "reuse"),
    ),
    broken(
        'Wait For Twin: shape: Seconds is "3"; write a number',
        put("Wait For Twin/Seconds", "3"),
    ),
    broken(
        "(top level): shape: StartAt is not the name of a state; name the first state",
        drop("StartAt"),
    ),
    broken(
        "(top level): shape: there are no States; write at least one",
        put("States", {}),
    ),
    broken(
        'store Result: unique-names: is all but the same name as "Store Result"; rename one',
        put("store  Result", MACHINE.states["Store Result"]),
    ),
    broken(
        "Wait Wait Wait Wait Wait Wait Wait Wait A Bit: short-names: the name has 45 characters; shorten it to 40",
        put("Wait " * 8 + "A Bit", SUBMIT),
    ),
    broken(
        "Wait For Slot: comment: has no Comment; say what it is for and what it means when it fails",
        drop("Wait For Slot/Comment"),
    ),
    broken(
        "(top level): comment: has no Comment; say what it is for and what it means when it fails",
        put("Comment", " "),
    ),
    broken(
        'Wait For Slot: known-fields: a Wait has no SecondPath; remove it (did you mean "SecondsPath"?)',
        put("Wait For Slot/SecondPath", "$.slot.wait_seconds"),
    ),
    broken(
        "Store Result: query-language: Arguments belongs to JSONata, and this state speaks JSONPath; "
        "write Parameters instead",
        put("Store Result/Arguments", {}),
    ),
    broken(
        "Call Now?: query-language: Condition belongs to JSONata, and this state speaks JSONPath; "
        "write Variable with a comparison instead",
        put("Call Now?/Choices/0/Condition", "{% true %}"),
    ),
    broken(
        "Store Result: query-language: {% $states.input.version %} is JSONata, and this state speaks JSONPath; "
        'write a path under a key with ".$"',
        put("Store Result/Parameters/Payload/version", "{% $states.input.version %}"),
    ),
    broken(
        "Wait For Slot: query-language: SecondsPath belongs to JSONPath, and this state speaks JSONata; "
        "write Seconds with an expression instead",
        put("Wait For Slot/QueryLanguage", "JSONata"),
    ),
    broken(
        'Notify Client: query-language: "told.$" is JSONPath, and this state speaks JSONata; write {% … %} without .$',
        put("Notify Client/QueryLanguage", "JSONata"),
        put("Notify Client/Assign", {"told.$": "$.told"}),
    ),
    broken(
        "Store Result: substitutions: the template puts nothing in the place of ${StoreResultsArn}; "
        'add it there (did you mean "StoreResultArn"?)',
        put("Store Result/Parameters/FunctionName", "${StoreResultsArn}"),
    ),
    broken(
        "(top level): substitutions: the template substitutes StoreResultArn, which stands nowhere; "
        "remove it from DefinitionSubstitutions",
        put("Store Result/Parameters/FunctionName", "store"),
    ),
    Case(
        'Store Result: unique-keys: "TimeoutSeconds" stands twice in one object, '
        "and only the last one counts; remove one",
        rewritten('"TimeoutSeconds": 40,', '"TimeoutSeconds": 40, "TimeoutSeconds": 60,'),
    ),
    Case(
        "Notify Client: unique-keys: two states have this name, and only the last one counts; rename or remove one",
        rewritten('"Notify Failure": {', '"Notify Client": {'),
    ),
    Case(
        '(top level): unique-keys: "StartAt" stands here twice, and only the last one counts; remove one',
        rewritten('"StartAt":', '"StartAt": "Store Result", "StartAt":'),
    ),
]
