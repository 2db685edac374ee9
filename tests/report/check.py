#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reports judged by other programs: check.py RENDER DATAGRAMS, those of real
datagrams; check.py MAIL json|gzip, one mail and the form of its report.

Python's json reads the JSON, and jsonschema checks it against a strict schema
(RFC 8460 4, and what receivers refuse); Python's gzip and gzip unpack the
file; Python's email parses the mail.
"""
import email
import email.policy
import gzip
import json
import os
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    sys.exit("check.py: python3-jsonschema is not installed (apt install python3-jsonschema)")

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0, "maximum": 2 ** 53 - 1}


def thing(required, **properties):
    return {"type": "object", "required": required.split(), "additionalProperties": False,
            "properties": properties}


def some(items):
    return {"type": "array", "minItems": 1, "items": items}


TIME = r"^\d{4}-\d\d-\d\dT%sZ$"
FAILURE = thing("result-type failed-session-count", **{
    "result-type": {"enum": [
        "starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
        "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid",
        "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"]},
    "sending-mta-ip": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}], **TEXT},
    "receiving-mx-hostname": TEXT, "receiving-mx-helo": TEXT,
    "receiving-ip": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}], **TEXT},
    "failed-session-count": {**COUNT, "minimum": 1},
    "additional-information": TEXT, "failure-reason-code": TEXT})
POLICY = thing("policy summary", **{
    "policy": thing("policy-type policy-domain", **{
        "policy-type": {"enum": ["tlsa", "sts", "no-policy-found"]},
        "policy-string": some(TEXT), "mx-host": some(TEXT),
        "policy-domain": {"type": "string", "pattern": r"^[a-z0-9.-]+$"}}),
    "summary": thing("total-successful-session-count total-failure-session-count", **{
        "total-successful-session-count": COUNT, "total-failure-session-count": COUNT}),
    "failure-details": some(FAILURE)})
SCHEMA = thing("organization-name date-range contact-info report-id policies", **{
    "organization-name": TEXT,
    "date-range": thing("start-datetime end-datetime", **{
        "start-datetime": {"type": "string", "pattern": TIME % "00:00:00"},
        "end-datetime": {"type": "string", "pattern": TIME % "23:59:59"}}),
    "contact-info": {"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"},
    "report-id": TEXT, "policies": some(POLICY)})


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), names
    return dict(pairs)


def read_report(text):
    report = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(report)
    return report


def read_mail(path, form):
    """The report's file in a mail, and the mail."""
    with open(path, "rb") as f:
        raw = f.read()
    assert b"\n" not in raw.replace(b"\r\n", b"") and max(map(len, raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert not mail.defects and mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "tlsrpt"
    people, part = mail.iter_parts()
    assert people.get_content_type() == "text/plain" and not part.defects
    assert part.get_content_type() == "application/tlsrpt+" + form
    assert part.get_filename().endswith(".json.gz" if form == "gzip" else ".json")
    return part.get_content(), mail


def check_headers(mail, report):
    submitter = report["contact-info"].split("@")[1]
    assert mail["TLS-Report-Submitter"] == submitter
    assert mail["Subject"].endswith("Report-ID: <%s@%s>" % (report["report-id"], submitter)), mail["Subject"]


def check_mail(path, form):
    data, mail = read_mail(path, form)
    report = read_report(gzip.decompress(data) if form == "gzip" else data)
    check_headers(mail, report)
    print("report: the mail about %s holds" % mail["TLS-Report-Domain"])


def check(base):
    with open(base + ".json", "rb") as f:
        text = f.read()
    report = read_report(text)
    with open(base + ".gz", "rb") as f:
        packed = f.read()
    assert gzip.decompress(packed) == text
    assert subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True).stdout == text
    data, mail = read_mail(base + ".eml", "gzip")
    assert data == packed
    check_headers(mail, report)
    return report


def main():
    if sys.argv[2] in ("json", "gzip"):
        check_mail(*sys.argv[1:])
        return
    render, datagrams = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([render, place, datagrams], check=True, stdout=subprocess.DEVNULL)
        bases = sorted(os.path.join(place, n[:-5]) for n in os.listdir(place) if n.endswith(".json"))
        reports = [check(base) for base in bases]
    sessions = sum(sum(p["summary"].values()) for r in reports for p in r["policies"])
    with open(datagrams, encoding="utf-8") as f:
        assert sessions == len(f.readlines()), sessions
    assert reports
    print("report: %d reports of %d sessions hold" % (len(reports), sessions))


main()
