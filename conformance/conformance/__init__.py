"""Whether an engine keeps Nova Canvas' ``VIRTUAL_TRY_ON`` contract: one set of cases, run against any of them.

It knows nothing of the engine but its address: requests go out as bytes, and what comes back is judged. An engine that
declares fewer capabilities is expected to refuse what it lacks, or to say what it did instead; silence is a failure.

    python -m conformance --endpoint http://127.0.0.1:8080

Source of the rules: Amazon Nova user guide, "Image generation request and response structure", "Virtual try-on",
"Generating images" (input pictures) and "Error handling"; what those leave open and we decided is marked ``decided``.
"""
