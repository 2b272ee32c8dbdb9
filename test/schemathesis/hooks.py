"""What schemathesis cannot know of the API by itself. Loaded by schemathesis.toml."""

import re

import schemathesis

# What a request that fits the OpenAPI document may still be refused for: field and message, by what a schema can't say.
BEYOND_A_SCHEMA = {
    "what exists": [
        (r".*", r"is not (of this action|a known \w+(: .*)?|an? .+ (of|in) this .+)"),
        (r".*", r"is the key of an open incident|belongs to a member of the team"),
        (r"rules\[\d+\]\.contact_method_id", r"is no contact method of this member"),
        (r".*time_zone", r"must be an IANA time zone .*"),
        (r"after", r"must be the id of an entry of this list"),
        (r"custom_field_id", r"must be (the id of a custom field|a field of the type .*)"),
        (r".*url", r"must .*"),  # Where it leads to, and whether that is a private network.
        (r".*\.headers\..*", r"has no stored value: give the true one|must be given anew, .*"),
    ],
    "what the field beside it asks for": [
        (r"query\.filter_id", r"is required with .*"),
        (r"query\.(at|since|until)", r"(must not come|is required) together with .*"),
        (r"(.*\.)?(until|end_date)", r"must .*(after|before|later than) .*"),
        (r"replaces_member_id", r"must be another member"),
        (r"show_before_creation", r"must be true for a field that is always required"),
        (r"field_type", r"must stay .*"),
        (r"is_default", r"must be true until another type is the default"),
        (r"repeat_from_level", r"must be at most \d+: there is no such level"),
        (r"assignee", r"must not be given beside assignee_id"),
        (r"(expires_)?at", r"must be (in the future|a year ahead at most)|lies so far back .*"),
        (r"incident_ids\[\d+\]", r"is the incident itself"),
        (r"ruleset", r"give either ruleset or ruleset_id"),
        (r"event", r"must be one of .*"),
        (r"query\.since", r"must be within the last \d+ days"),
        (r"(settings|.*\.settings)(\[\d+\])?", r"must have exactly one of .*"),
        (r"verification\.(secret|username|timestamp_header)", r".*"),
        (r"(.*\.)?conditions\[\d+\]\.(key|values.*)", r"must .*|character .*"),
        (r"(.*\.)?conditions", r"must hold a json-check or text-check .*"),
        (r"secret", r"must .*|is .*"),
        (r"(.*\.)?custom_headers", r"must have values of at most .*|must be given again with a URL .*"),
        (r"(.*\.)?custom_headers\[\d+\]\.value", r"must be given: none is stored"),
        (r"(.*\.)?events(\[\d+\])?", r"must be (one of|given: ).*"),
    ],
    "a grammar": [
        (r"(.*\.)?custom_headers\[\d+\]\.name", r"is a header that cannot be set"),
        (r"(start|end)_date", r"must be a date such as .*"),  # Leap years.
        (r"query\.\w+", r"must be in the years .*"),  # In UTC.
        (r"(created|updated)_at\[\w+\]|incident_timestamp_values\.\d+\.value", r"must be .*"),  # As before, and in order.
        (r"check_paths\.\w+", r"is not a path into JSON: .*"),
        (r"(.*\.)?(name|description|incident_key|body)", r".*\{\{.*"),
    ],
    "two of the same": [(r".*", r"is (there already|given twice)|says the same as .*|must be unique, .*")],
}


@schemathesis.check
def refused_for_more_than_the_schema_says(ctx, response, case):
    """Of the valid requests that are refused, takes those whose every fault is on the list."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    problem = response.json()
    if "error" in problem:  # PagerDuty's shape: a sentence for each fault, which begins with the field.
        sentences = problem["error"]["errors"]
        if sentences == ["This Idempotency-Key came with another request before."]:
            return  # As below.
        unexplained = [one for one in sentences if not is_explained(one.replace(" ", ": ", 1))]
        assert sentences and not unexplained, f"refused a valid request: {unexplained or problem}"
        return
    if problem.get("status") == "invalid event":  # The Events API's: a sentence that begins with the quoted field.
        faults = [re.sub(r"^'([^']*)' ", r"\1: ", one) for one in problem["errors"]]
        unexplained = [fault for fault in faults if not is_explained(fault)]
        assert faults and not unexplained, f"refused a valid request: {unexplained or problem}"
        return
    if "request_id" in problem and "code" not in problem:  # incident.io's shape: a message that begins with the field.
        codes = {fault["code"] for fault in problem["errors"]}
        if codes <= {"already_exists", "idempotency_key_reused", "limit_reached"}:
            return
        sentences = [fault["message"] for fault in problem["errors"] if "source" in fault]
        unexplained = [one for one in sentences if not is_explained(one.replace(" ", ": ", 1))]
        assert sentences and not unexplained, f"refused a valid request: {unexplained or problem}"
        return
    if problem["code"] == "malformed_cursor" and "cursor" in (case.query or {}):
        return  # Cursors are signed: none can be made up.
    if problem["code"] == "idempotency_key_reused":
        return  # The same made-up key comes with many requests.
    faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", [])]
    unexplained = [fault for fault in faults if not is_explained(fault)]
    assert faults and not unexplained, f"refused a valid request: {problem['code']} {unexplained or faults}"


def is_explained(fault: str) -> bool:
    pairs = (pair for pairs in BEYOND_A_SCHEMA.values() for pair in pairs)
    return any(re.fullmatch(f"({field}): ({message})", fault, re.DOTALL) for field, message in pairs)
