/* SPDX-License-Identifier: MIT */
/* core/https/http: responses (RFC 9112, RFC 8461 3.3) and the request. */
#include <stdio.h>
#include <string.h>

#include "../../core/base/version.h"
#include "../../core/https/http.h"
#include "unit.h"

const char unit_name[] = "http";

#define S(text) text, sizeof text - 1
#define OK11 "HTTP/1.1 200 OK\r\n"
#define TYPE "Content-Type: text/plain\r\n"
#define BLANKS64                                                               \
	"                                "                                     \
	"                                "
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define END "\r\n"
/* Whole responses around the part that a case is about. */
#define FIELD(field) S(OK11 TYPE field "\r\nContent-Length: 2\r\n" END "ab")
#define MEDIA(field) S(OK11 field "Content-Length: 2\r\n" END "ab")
#define LENGTHS(fields, body) S(OK11 TYPE fields END body)
#define CHUNKS(chunks) S(OK11 TYPE CHUNKED END chunks)
#define STATUS(line) S(line "\r\n" TYPE "Content-Length: 2\r\n" END "ab")

/* How the connection ends after the octets of a case. */
enum closing {
	OPEN, /* it stays open */
	CLEAN,
	CUT
};

/* `want`: "CODE done CONTENT [+UNUSED]" or "CODE more CONTENT"; on failure, the
 * code and the token of the reason. */
static const struct {
	const char *name, *in;
	size_t n;
	enum closing closing;
	const char *want;
} cases[] = {
	{ "length", LENGTHS("Content-Length: 2\r\n", "ab"), OPEN,
	    "200 done ab" },
	{ "length, then closed", LENGTHS("Content-Length: 2\r\n", "ab"), CLEAN,
	    "200 done ab" },
	{ "length, then cut", LENGTHS("Content-Length: 2\r\n", "ab"), CUT,
	    "200 done ab" },
	{ "length, octets beyond it are not used",
	    LENGTHS("Content-Length: 2\r\n", "abHTTP"), OPEN,
	    "200 done ab +4" },
	{ "length 0", LENGTHS("Content-Length: 0\r\n", ""), OPEN, "200 done " },
	{ "length not met yet", LENGTHS("Content-Length: 3\r\n", "ab"), OPEN,
	    "200 more ab" },
	{ "until close", LENGTHS("", "ab"), CLEAN, "200 done ab" },
	{ "until close, empty", LENGTHS("", ""), CLEAN, "200 done " },
	{ "until close, still open", LENGTHS("", "ab"), OPEN, "200 more ab" },
	{ "chunks", CHUNKS("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), OPEN,
	    "200 done abc" },
	{ "no chunks", CHUNKS("0\r\n\r\n"), OPEN, "200 done " },
	{ "HTTP/1.0", STATUS("HTTP/1.0 200 OK"), OPEN, "200 done ab" },

	{ "R24 201", STATUS("HTTP/1.1 201 Created"), OPEN, "201 http-status" },
	{ "R24 204", STATUS("HTTP/1.1 204 No Content"), OPEN,
	    "204 http-status" },
	{ "R24 206", STATUS("HTTP/1.1 206 Partial Content"), OPEN,
	    "206 http-status" },
	{ "R24 299", STATUS("HTTP/1.1 299 X"), OPEN, "299 http-status" },
	{ "R24 404", STATUS("HTTP/1.1 404 Not Found"), OPEN,
	    "404 http-status" },
	{ "R24 500", STATUS("HTTP/1.1 500 X"), OPEN, "500 http-status" },
	{ "R24 999", STATUS("HTTP/1.1 999 X"), OPEN, "999 http-status" },
	{ "R24 interim responses are skipped",
	    S("HTTP/1.1 100 Continue\r\n\r\n"
	      "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK11 TYPE
	      "Content-Length: 2\r\n" END "ab"),
	    OPEN, "200 done ab" },
	{ "R24 fields of an interim response do not count",
	    S("HTTP/1.1 103 X\r\nContent-Type: text/html\r\n"
	      "Content-Length: x\r\nContent-Encoding: gzip\r\n\r\n" OK11 TYPE
	      "Content-Length: 2\r\n" END "ab"),
	    OPEN, "200 done ab" },
	{ "R24 the type of an interim response does not count",
	    S("HTTP/1.1 103 X\r\n" TYPE "\r\n" OK11 "\r\nab"), CLEAN,
	    "200 http-type" },
	{ "R24 only interim", S("HTTP/1.1 100 X\r\n\r\n"), OPEN, "0 more " },
	{ "R24 only interim, closed", S("HTTP/1.1 100 X\r\n\r\n"), CLEAN,
	    "0 http-truncated" },
	{ "R24 101", STATUS("HTTP/1.1 101 Switching Protocols"), OPEN,
	    "101 http-status" },
	{ "R25 301", STATUS("HTTP/1.1 301 X"), OPEN, "301 http-redirect" },
	{ "R25 300", STATUS("HTTP/1.1 300 X"), OPEN, "300 http-redirect" },
	{ "R25 304", STATUS("HTTP/1.1 304 X"), OPEN, "304 http-redirect" },
	{ "R25 399", STATUS("HTTP/1.1 399 X"), OPEN, "399 http-redirect" },
	{ "R26 caching fields are ignored", FIELD("Age: 1000000"), OPEN,
	    "200 done ab" },

	{ "no reason", STATUS("HTTP/1.1 200 "), OPEN, "200 done ab" },
	{ "no reason, no blank", STATUS("HTTP/1.1 200"), OPEN, "200 done ab" },
	{ "reason of any text", STATUS("HTTP/1.1 200 \t\xfc~ 404"), OPEN,
	    "200 done ab" },
	{ "reason with a control", STATUS("HTTP/1.1 200 O\x01K"), OPEN,
	    "200 done ab" },
	{ "code of 2 digits", STATUS("HTTP/1.1 20 OK"), OPEN,
	    "0 http-malformed" },
	{ "code of 4 digits", STATUS("HTTP/1.1 2000 OK"), OPEN,
	    "0 http-malformed" },
	{ "code below 100", S("HTTP/1.1 099 OK\r\n\r\n"), OPEN,
	    "0 http-malformed" },
	{ "two blanks", STATUS("HTTP/1.1  200 OK"), OPEN, "0 http-malformed" },
	{ "HTTP/1.2", STATUS("HTTP/1.2 200 OK"), OPEN, "0 http-malformed" },
	{ "HTTP/2", STATUS("HTTP/2 200 OK"), OPEN, "0 http-malformed" },
	{ "HTTP/2.0", STATUS("HTTP/2.0 200 OK"), OPEN, "0 http-malformed" },
	{ "HTTP/1.10", STATUS("HTTP/1.10 200 OK"), OPEN, "0 http-malformed" },
	{ "lower case", STATUS("http/1.1 200 OK"), OPEN, "0 http-malformed" },
	{ "HTTP/0.9", S("version: STSv1\n"), CLEAN, "0 http-malformed" },
	{ "empty line first", STATUS("\r\nHTTP/1.1 200 OK"), OPEN,
	    "0 http-malformed" },
	{ "SMTP", S("220 mx.example ESMTP\r\n"), OPEN, "0 http-malformed" },

	{ "bare LF after the status", S("HTTP/1.1 200 OK\n" TYPE END "ab"),
	    CLEAN, "200 http-malformed" },
	{ "bare LF after a field",
	    S(OK11 "Content-Type: text/plain\n" END "ab"), CLEAN,
	    "200 http-malformed" },
	{ "bare LF after the header", S(OK11 TYPE "\nab"), CLEAN,
	    "200 http-malformed" },
	{ "bare CR after a field", S(OK11 "X: y\rContent-Length: 2\r\n" END),
	    OPEN, "200 http-malformed" },
	{ "bare CR in a reason", S("HTTP/1.1 200 O\rK\r\n" END), OPEN,
	    "200 http-malformed" },
	{ "bare CR for a line", S(OK11 TYPE "\rab"), CLEAN,
	    "200 http-malformed" },
	{ "NUL in a value", FIELD("X: a\0b"), OPEN, "200 http-malformed" },
	{ "NUL in a name", FIELD("X\0: a"), OPEN, "200 http-malformed" },
	{ "DEL in a value", FIELD("X: a\x7f"), OPEN, "200 done ab" },
	{ "controls in a value", FIELD("X: \x01\x0b\x0c\x1b[1m"), OPEN,
	    "200 done ab" },
	{ "controls in a name", FIELD("X\x01\t: a"), OPEN, "200 done ab" },
	{ "blank before the colon of an unknown field", FIELD("X : a"), OPEN,
	    "200 done ab" },
	{ "obs-text in a value", FIELD("X: \x80\xff"), OPEN, "200 done ab" },
	{ "blank before the colon of a length", FIELD("Content-Length : 2"),
	    OPEN, "200 http-malformed" },
	{ "no colon", FIELD("Foo"), OPEN, "200 http-malformed" },
	{ "no colon, but in the next line", FIELD("Foo\r\n : a"), OPEN,
	    "200 http-malformed" },
	{ "no name", FIELD(": a"), OPEN, "200 done ab" },
	{ "no value", FIELD("X:"), OPEN, "200 done ab" },
	{ "name of any token", FIELD("!#$%&'*+-.^_`|~09Az: a"), OPEN,
	    "200 done ab" },
	{ "name with a bracket", FIELD("X(: a"), OPEN, "200 done ab" },
	{ "name of UTF-8", FIELD("\xc3\xbc: a"), OPEN, "200 done ab" },

	/* RFC 9112 5.2 */
	{ "obs-fold", FIELD("X: a\r\n b"), OPEN, "200 done ab" },
	{ "obs-fold with a tab", FIELD("X: a\r\n\tb"), OPEN, "200 done ab" },
	{ "three lines", FIELD("X: a;\r\n  b;\r\n \tc"), OPEN, "200 done ab" },
	{ "a line of blanks", FIELD("X: a\r\n \r\n b"), OPEN, "200 done ab" },
	{ "the value in the next line", FIELD("X:\r\n a"), OPEN,
	    "200 done ab" },
	{ "folded by LF alone", FIELD("X: a;\n    b;\n\tc"), OPEN,
	    "200 done ab" },
	{ "bare LF, and no blank", FIELD("X: a\nb: c"), OPEN,
	    "200 http-malformed" },
	{ "bare LF, then a length", FIELD("X: a\nContent-Length: 3"), OPEN,
	    "200 http-malformed" },
	{ "bare LF twice", FIELD("X: a\n\n b"), OPEN, "200 http-malformed" },
	{ "bare LF, then CR LF", FIELD("X: a\n"), OPEN, "200 http-malformed" },
	{ "LF in a name", FIELD("X\n : a"), OPEN, "200 http-malformed" },
	{ "bare CR in a value", FIELD("X: a\r b"), OPEN, "200 http-malformed" },
	{ "a length in a folded line is none",
	    FIELD("X: a\r\n Content-Length: 9"), OPEN, "200 done ab" },
	{ "a coding in a folded line is none",
	    FIELD("X: a\n Transfer-Encoding: chunked"), OPEN, "200 done ab" },
	{ "a type in a folded line is none",
	    MEDIA("X: a\r\n Content-Type: text/plain\r\n"), OPEN,
	    "200 http-type" },
	{ "folded type",
	    MEDIA("Content-Type: text/plain;\r\n charset=utf-8\r\n"), OPEN,
	    "200 done ab" },
	{ "folded type, by LF", MEDIA("Content-Type:\n text/plain\r\n"), OPEN,
	    "200 done ab" },
	{ "another type behind the fold",
	    MEDIA("Content-Type: text/html,\r\n text/plain\r\n"), OPEN,
	    "200 http-type" },
	{ "folded within the type", MEDIA("Content-Type: text/\r\n plain\r\n"),
	    OPEN, "200 http-type" },
	{ "folded length", LENGTHS("Content-Length:\r\n 2\r\n", "ab"), OPEN,
	    "200 http-malformed" },
	{ "folded length, by LF", LENGTHS("Content-Length: 2\n \r\n", "ab"),
	    OPEN, "200 http-malformed" },
	{ "two lengths in one, folded",
	    LENGTHS("Content-Length: 2,\r\n 2\r\n", "ab"), OPEN,
	    "200 http-malformed" },
	{ "folded transfer coding",
	    S(OK11 TYPE "Transfer-Encoding:\r\n chunked\r\n" END "0\r\n\r\n"),
	    OPEN, "200 http-malformed" },
	{ "folded identity", FIELD("Content-Encoding:\r\n identity"), OPEN,
	    "200 done ab" },
	{ "a coding named none", FIELD("Content-Encoding: none"), OPEN,
	    "200 done ab" },
	{ "none and another", FIELD("Content-Encoding: none, gzip"), OPEN,
	    "200 http-coding" },
	{ "folded coding", FIELD("Content-Encoding:\r\n gzip"), OPEN,
	    "200 http-coding" },
	{ "coding behind a fold", FIELD("Content-Encoding: identity,\n gzip"),
	    OPEN, "200 http-coding" },
	{ "folded before the first field", S(OK11 "\tX: a\r\n" TYPE END), OPEN,
	    "200 http-malformed" },
	{ "blank before the first field", S(OK11 " " TYPE END), OPEN,
	    "200 http-malformed" },
	{ "folded in an interim response",
	    S("HTTP/1.1 103 Early\r\nLink: a\r\n b\r\n\r\n" OK11 TYPE
	      "Content-Length: 2\r\n" END "ab"),
	    OPEN, "200 done ab" },
	{ "blank before the first field after an interim response",
	    S("HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" OK11 " X: a\r\n" END),
	    OPEN, "200 http-malformed" },
	{ "folded in a trailer", CHUNKS("0\r\nX: a\r\n b\r\n\r\n"), OPEN,
	    "200 done " },
	{ "a length in a trailer means nothing",
	    CHUNKS("0\r\nContent-Length : 3\r\n b\r\n\r\n"), OPEN,
	    "200 done " },
	{ "blank before a trailer's first field", CHUNKS("0\r\n X: a\r\n\r\n"),
	    OPEN, "200 http-malformed" },
	{ "LF in a trailer", CHUNKS("0\r\nX: a\nY: b\r\n\r\n"), OPEN,
	    "200 http-malformed" },

	/* Fields that matter, spelt so that another reader may miss them. */
	{ "tab before the colon", FIELD("Content-Length\t: 2"), OPEN,
	    "200 http-malformed" },
	{ "blank within a name", FIELD("Content -Length: 2"), OPEN,
	    "200 http-malformed" },
	{ "control within a name", FIELD("Content-\x01Length: 2"), OPEN,
	    "200 http-malformed" },
	{ "vertical tab before a name",
	    FIELD("\x0b"
		  "Content-Length: 3"),
	    OPEN, "200 http-malformed" },
	{ "no-break space before a name",
	    FIELD("\xc2\xa0"
		  "Transfer-Encoding: chunked"),
	    OPEN, "200 http-malformed" },
	{ "byte order mark before a name",
	    FIELD("\xef\xbb\xbf"
		  "Content-Encoding: gzip"),
	    OPEN, "200 http-malformed" },
	{ "coding with a blank", FIELD("Transfer-Encoding : chunked"), OPEN,
	    "200 http-malformed" },
	{ "type with a blank", FIELD("Content-Type : text/plain"), OPEN,
	    "200 http-malformed" },
	{ "content coding with a blank", FIELD("Content-Encoding : identity"),
	    OPEN, "200 http-malformed" },
	{ "control in a length", LENGTHS("Content-Length: 2\x0b\r\n", "ab"),
	    OPEN, "200 http-malformed" },
	{ "control in a coding",
	    S(OK11 TYPE "Transfer-Encoding: \x0b"
			"chunked\r\n" END),
	    OPEN, "200 http-malformed" },
	{ "control in a type", MEDIA("Content-Type: text/plain;\x01\r\n"), OPEN,
	    "200 http-malformed" },
	{ "control behind all that is kept of a type",
	    MEDIA("Content-Type: text/plain;" BLANKS64 "\x01\r\n"), OPEN,
	    "200 http-malformed" },
	{ "control in a content coding",
	    FIELD("Content-Encoding: identity\x7f"), OPEN,
	    "200 http-malformed" },

	{ "R28 missing", MEDIA(""), OPEN, "200 http-type" },
	{ "R28 any case", MEDIA("CONTENT-TYPE: Text/PLAIN\r\n"), OPEN,
	    "200 done ab" },
	{ "R28 no blank", MEDIA("Content-Type:text/plain\r\n"), OPEN,
	    "200 done ab" },
	{ "R28 many blanks", MEDIA("Content-Type: \t text/plain\t \r\n"), OPEN,
	    "200 done ab" },
	{ "R28 html", MEDIA("Content-Type: text/html\r\n"), OPEN,
	    "200 http-type" },
	{ "R28 longer", MEDIA("Content-Type: text/plainer\r\n"), OPEN,
	    "200 http-type" },
	{ "R28 shorter", MEDIA("Content-Type: text/plai\r\n"), OPEN,
	    "200 http-type" },
	{ "R28 empty", MEDIA("Content-Type: \r\n"), OPEN, "200 http-type" },
	{ "R28 only a parameter", MEDIA("Content-Type: ;text/plain\r\n"), OPEN,
	    "200 http-type" },
	{ "R28 list", MEDIA("Content-Type: text/plain, text/html\r\n"), OPEN,
	    "200 http-type" },
	{ "R28 twice the same", MEDIA(TYPE "content-type: TEXT/plain;x\r\n"),
	    OPEN, "200 done ab" },
	{ "R28 two that differ", MEDIA(TYPE "Content-Type: text/html\r\n"),
	    OPEN, "200 http-type" },
	{ "R28 two that differ, ours last",
	    MEDIA("Content-Type: text/html\r\n" TYPE), OPEN, "200 http-type" },
	{ "R28 a name that begins like it",
	    MEDIA("Content-Type-X: text/plain\r\n"), OPEN, "200 http-type" },
	{ "R28 a name that ends it early", MEDIA("Content-Typ: text/plain\r\n"),
	    OPEN, "200 http-type" },
	{ "R28 overlong value",
	    MEDIA("Content-Type: text/plain                                "
		  "                                                x\r\n"),
	    OPEN, "200 http-type" },
	{ "R29 charset", MEDIA("Content-Type: text/plain; charset=utf-8\r\n"),
	    OPEN, "200 done ab" },
	{ "R29 charset quoted",
	    MEDIA("Content-Type: text/plain ;charset=\"US-ASCII\"\r\n"), OPEN,
	    "200 done ab" },
	{ "R29 another charset",
	    MEDIA("Content-Type: text/plain; charset=utf-16\r\n"), OPEN,
	    "200 done ab" },
	{ "R29 long parameters",
	    MEDIA("Content-Type: text/plain; a=012345678901234567890123456789"
		  "01234567890123456789012345678901234567890123456789\r\n"),
	    OPEN, "200 done ab" },

	{ "R32 truncated in the status", S("HTTP/1.1 20"), CLEAN,
	    "0 http-truncated" },
	{ "R32 nothing at all", S(""), CLEAN, "0 http-truncated" },
	{ "R32 truncated in the header", S(OK11 TYPE), CLEAN,
	    "200 http-truncated" },
	{ "R32 truncated by length", LENGTHS("Content-Length: 3\r\n", "ab"),
	    CLEAN, "200 http-truncated" },
	{ "R32 truncated at the start", LENGTHS("Content-Length: 3\r\n", ""),
	    CLEAN, "200 http-truncated" },
	{ "R32 until close, cut", LENGTHS("", "ab"), CUT,
	    "200 http-truncated" },
	{ "R32 truncated in a chunk", CHUNKS("3\r\nab"), CLEAN,
	    "200 http-truncated" },
	{ "R32 truncated after a chunk", CHUNKS("2\r\nab\r\n"), CLEAN,
	    "200 http-truncated" },
	{ "R32 last chunk missing a line", CHUNKS("2\r\nab\r\n0\r\n"), CLEAN,
	    "200 http-truncated" },
	{ "R32 last chunk missing a byte", CHUNKS("2\r\nab\r\n0\r\n\r"), CLEAN,
	    "200 http-truncated" },
	{ "R32 length beside chunked",
	    S(OK11 TYPE CHUNKED "Content-Length: 2\r\n" END "ab"), OPEN,
	    "200 http-length" },
	{ "R32 chunked beside length",
	    S(OK11 TYPE "Content-Length: 2\r\n" CHUNKED END "ab"), OPEN,
	    "200 http-length" },
	{ "R32 same length twice",
	    LENGTHS("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), OPEN,
	    "200 done ab" },
	{ "R32 same length in a list",
	    LENGTHS("Content-Length: 2, 2,02\r\n", "ab"), OPEN, "200 done ab" },
	{ "R32 other length in a list",
	    LENGTHS("Content-Length: 2, 3\r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 other length in a line",
	    LENGTHS("Content-Length: 2\r\nContent-Length: 1\r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 empty member of a list", LENGTHS("Content-Length: 2,\r\n", "ab"),
	    OPEN, "200 http-length" },
	{ "R32 empty length", LENGTHS("Content-Length: \r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 signed length", LENGTHS("Content-Length: +2\r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 negative length", LENGTHS("Content-Length: -1\r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 hexadecimal length", LENGTHS("Content-Length: 0x2\r\n", "ab"),
	    OPEN, "200 http-length" },
	{ "R32 blank inside", LENGTHS("Content-Length: 1 2\r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 length over 64 bits",
	    LENGTHS("Content-Length: 18446744073709551618\r\n", "ab"), OPEN,
	    "200 http-length" },
	{ "R32 length over 32 bits",
	    LENGTHS("Content-Length: 4294967298\r\n", "ab"), OPEN,
	    "200 http-body-large" },
	{ "R32 long list of lengths",
	    LENGTHS("Content-Length: 02,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,"
		    "2,2,2,2,2,2,2,2,2,2,2,2,2\r\n",
		"ab"),
	    OPEN, "200 http-length" },
	{ "R32 HTTP/1.0 chunked",
	    S("HTTP/1.0 200 OK\r\n" TYPE CHUNKED END "0\r\n\r\n"), OPEN,
	    "200 http-coding" },
	{ "R32 HTTP/1.0 before HTTP/1.1",
	    S("HTTP/1.0 100 X\r\n\r\n" OK11 TYPE CHUNKED END "0\r\n\r\n"), OPEN,
	    "200 done " },

	{ "R33 any case",
	    S(OK11 TYPE "transfer-encoding: CHUNKED \r\n" END
			"A\r\n0123456789\r\n0\r\n\r\n"),
	    OPEN, "200 done 0123456789" },
	{ "R33 other coding", S(OK11 TYPE "Transfer-Encoding: gzip\r\n" END),
	    OPEN, "200 http-coding" },
	{ "R33 coding before chunked",
	    S(OK11 TYPE "Transfer-Encoding: gzip, chunked\r\n" END), OPEN,
	    "200 http-coding" },
	{ "R33 identity beside a length",
	    S(OK11 TYPE "Transfer-Encoding: identity\r\n"
			"Content-Length: 2\r\n" END "ab"),
	    OPEN, "200 http-coding" },
	{ "R33 identity before chunked",
	    S(OK11 TYPE "Transfer-Encoding: identity, chunked\r\n" END), OPEN,
	    "200 http-coding" },
	{ "R33 identity", S(OK11 TYPE "Transfer-Encoding: identity\r\n" END),
	    OPEN, "200 http-coding" },
	{ "R33 longer than what is kept",
	    S(OK11 TYPE "Transfer-Encoding: chunked" BLANKS64 "x\r\n" END),
	    OPEN, "200 http-coding" },
	{ "R33 empty", S(OK11 TYPE "Transfer-Encoding:\r\n" END), OPEN,
	    "200 http-coding" },
	{ "R33 with a parameter",
	    S(OK11 TYPE "Transfer-Encoding: chunked;q=1\r\n" END), OPEN,
	    "200 http-coding" },
	{ "R33 chunked twice", S(OK11 TYPE CHUNKED CHUNKED END "0\r\n\r\n"),
	    OPEN, "200 http-coding" },
	{ "R33 chunked and more lines",
	    S(OK11 TYPE CHUNKED "Transfer-Encoding: gzip\r\n" END), OPEN,
	    "200 http-coding" },
	{ "R33 hexadecimal",
	    CHUNKS("a\r\n0123456789\r\n0A\r\n0123456789\r\n"
		   "00\r\n\r\n"),
	    OPEN, "200 done 01234567890123456789" },
	{ "R33 extensions",
	    CHUNKS("1;a=b;c=\"d\"\r\na\r\n1 ; x\r\nb\r\n0;z\r\n\r\n"), OPEN,
	    "200 done ab" },
	{ "R33 blanks after a size", CHUNKS("1 \t\r\na\r\n0 \r\n\r\n"), OPEN,
	    "200 done a" },
	{ "R33 blank inside a size", CHUNKS("1 0\r\na"), OPEN,
	    "200 http-chunk" },
	{ "R33 blank before a size", CHUNKS(" 1\r\na"), OPEN,
	    "200 http-chunk" },
	{ "R33 control in an extension",
	    CHUNKS("1;a\x01\x7f\r\na\r\n0\r\n\r\n"), OPEN, "200 done a" },
	{ "R33 NUL in an extension", CHUNKS("1;a\0\r\na"), OPEN,
	    "200 http-chunk" },
	{ "R33 LF in an extension", CHUNKS("1;a\n b\r\na"), OPEN,
	    "200 http-chunk" },
	{ "R33 CR in an extension", CHUNKS("1;a\r b\r\na"), OPEN,
	    "200 http-chunk" },
	{ "R33 bare LF in an extension", CHUNKS("1;a\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 trailer", CHUNKS("1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\nrest"), OPEN,
	    "200 done a +4" },
	{ "R33 trailer fields mean nothing",
	    CHUNKS("1\r\na\r\n0\r\nContent-Type: text/html\r\n"
		   "Content-Length: 7\r\nContent-Encoding: gzip\r\n\r\n"),
	    OPEN, "200 done a" },
	{ "R33 broken trailer", CHUNKS("1\r\na\r\n0\r\nX\r\n\r\n"), OPEN,
	    "200 http-malformed" },
	{ "R33 no size", CHUNKS("\r\na"), OPEN, "200 http-chunk" },
	{ "R33 no size before an extension", CHUNKS(";a\r\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 no hexadecimal", CHUNKS("g\r\n"), OPEN, "200 http-chunk" },
	{ "R33 0x", CHUNKS("0x1\r\na"), OPEN, "200 http-chunk" },
	{ "R33 signed", CHUNKS("-1\r\na"), OPEN, "200 http-chunk" },
	{ "R33 bare LF after a size", CHUNKS("1\na\r\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 CR without LF after a size", CHUNKS("1\r\r\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 chunk longer than its size", CHUNKS("1\r\nab\r\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 bare LF after a chunk", CHUNKS("1\r\na\n0\r\n\r\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 CR without LF after a chunk", CHUNKS("1\r\na\r0\r\n\r\n"), OPEN,
	    "200 http-chunk" },
	{ "R33 overflow of 32 bits", CHUNKS("100000001\r\na\r\n0\r\n\r\n"),
	    OPEN, "200 http-body-large" },
	{ "R33 overflow of 64 bits",
	    CHUNKS("10000000000000001\r\na\r\n0\r\n\r\n"), OPEN,
	    "200 http-body-large" },
	{ "R33 sixteen digits", CHUNKS("0000000000000001\r\na\r\n0\r\n\r\n"),
	    OPEN, "200 done a" },
	{ "R33 seventeen digits", CHUNKS("00000000000000001\r\na\r\n"), OPEN,
	    "200 http-chunk" },

	{ "R34 gzip", FIELD("Content-Encoding: gzip"), OPEN,
	    "200 http-coding" },
	{ "R34 identity", FIELD("Content-Encoding: Identity"), OPEN,
	    "200 done ab" },
	{ "R34 identity and gzip", FIELD("Content-Encoding: identity, gzip"),
	    OPEN, "200 http-coding" },
	{ "R34 gzip in a second line",
	    FIELD("Content-Encoding: identity\r\nContent-Encoding: br"), OPEN,
	    "200 http-coding" },
	{ "R34 empty: nothing was applied", FIELD("Content-Encoding:"), OPEN,
	    "200 done ab" },
	{ "R34 blanks", FIELD("Content-Encoding: \t "), OPEN, "200 done ab" },
	{ "R34 an empty list", FIELD("Content-Encoding: , ,"), OPEN,
	    "200 done ab" },
	{ "R34 a fold and nothing", FIELD("Content-Encoding:\r\n "), OPEN,
	    "200 done ab" },
	{ "R34 a list of none", FIELD("Content-Encoding: identity, ,none,"),
	    OPEN, "200 done ab" },
	{ "R34 gzip behind an empty one", FIELD("Content-Encoding: ,gzip"),
	    OPEN, "200 http-coding" },
	{ "R34 gzip before an empty one", FIELD("Content-Encoding: gzip,"),
	    OPEN, "200 http-coding" },
	{ "R34 gzip among several", FIELD("Content-Encoding: none, gzip, none"),
	    OPEN, "200 http-coding" },
	{ "R34 empty, then gzip",
	    FIELD("Content-Encoding:\r\nContent-Encoding: gzip"), OPEN,
	    "200 http-coding" },
	{ "R34 two words", FIELD("Content-Encoding: identity none"), OPEN,
	    "200 http-coding" },
	{ "R34 longer than what is kept",
	    FIELD("Content-Encoding: identity" BLANKS64 "x"), OPEN,
	    "200 http-coding" },
};

struct outcome {
	size_t len;
	char text[256];
};

static void
add(struct outcome *o, const void *p, size_t n)
{
	ck_assert_uint_le(n, sizeof o->text - o->len);
	memcpy(o->text + o->len, p, n);
	o->len += n;
}

/* Feed in[0..n) and append the content to o. Returns how many octets were
 * used. */
static size_t
feed(struct sts_http *h, struct outcome *o, const uint8_t *in, size_t n)
{
	size_t used = 0;

	while (used < n && sts_http_status(h) == STS_HTTP_MORE) {
		struct sts_text body;
		size_t got = sts_http_feed(h, in + used, n - used, &body);

		ck_assert_uint_ge(got, 1);
		ck_assert_uint_le(got, n - used);
		ck_assert_uint_le(body.n, got);
		if (body.n > 0) {
			ck_assert(body.p >= in + used);
			ck_assert(body.p + body.n <= in + used + got);
			add(o, body.p, body.n);
		}
		used += got;
	}
	return used;
}

static void
check(size_t i, const uint8_t *in, size_t cut, size_t step)
{
	struct sts_http h;
	struct outcome body = { 0, "" };
	char text[600];
	size_t n = cases[i].n, used;

	sts_http_start(&h);
	used = feed(&h, &body, in, cut);
	while (used >= cut && cut < n) {
		size_t take = n - cut < step ? n - cut : step;

		used += feed(&h, &body, in + cut, take);
		cut += take;
	}
	if (cases[i].closing != OPEN) {
		sts_http_closed(&h, cases[i].closing == CLEAN);
	}
	switch (sts_http_status(&h)) {
	case STS_HTTP_FAILED:
		snprintf(text, sizeof text, "%u %s", h.code,
		    sts_why_token(sts_http_why(&h)));
		break;
	case STS_HTTP_DONE:
		unit_int(cases[i].name, sts_http_why(&h), STS_WHY_NONE);
		snprintf(text, sizeof text,
		    used < n ? "%u done %.*s +%u" : "%u done %.*s", h.code,
		    (int)body.len, body.text, (unsigned)(n - used));
		break;
	default:
		unit_int(cases[i].name, (long long)used, (long long)n);
		snprintf(text, sizeof text, "%u more %.*s", h.code,
		    (int)body.len, body.text);
		break;
	}
	unit_text(cases[i].name, unit_span(text), cases[i].want);
}

START_TEST(responses_are_read_at_every_split)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = cases[i].n;
		const uint8_t *in = unit_at_page_end(cases[i].in, n);

		check(i, in, 0, 1);
		for (size_t cut = 0; cut <= n; cut++) {
			check(i, in, cut, n);
		}
	}
}
END_TEST

/* A response under way, for content that is too large for the table. */
struct flow {
	struct sts_http h;
	size_t content;
};

static void
flow_bytes(struct flow *f, const void *p, size_t n)
{
	const uint8_t *in = p;

	while (n > 0 && sts_http_status(&f->h) == STS_HTTP_MORE) {
		struct sts_text body;
		size_t used = sts_http_feed(&f->h, in, n, &body);

		ck_assert_uint_ge(used, 1);
		f->content += body.n;
		in += used;
		n -= used;
	}
}

static void
flow_start(struct flow *f, const char *head)
{
	f->content = 0;
	sts_http_start(&f->h);
	flow_bytes(f, head, strlen(head));
}

/* Feed n octets of content in pieces of `piece`, each as a chunk if
 * `chunked`. */
static void
flow_content(struct flow *f, size_t n, size_t piece, bool chunked)
{
	static uint8_t zeros[1 << 17];

	while (n > 0) {
		size_t take = n < piece ? n : piece;
		char size[16];

		if (chunked) {
			snprintf(size, sizeof size, "%zx\r\n", take);
			flow_bytes(f, size, strlen(size));
		}
		flow_bytes(f, zeros, take);
		if (chunked) {
			flow_bytes(f, "\r\n", 2);
		}
		n -= take;
	}
}

static void
want_flow(struct flow *f, const char *name, enum sts_why why, size_t content)
{
	unit_text(name, unit_span(sts_why_token(sts_http_why(&f->h))),
	    sts_why_token(why));
	unit_int(name, sts_http_status(&f->h),
	    why == STS_WHY_NONE ? STS_HTTP_DONE : STS_HTTP_FAILED);
	unit_int(name, (long long)f->content, (long long)content);
}

static const size_t pieces[] = { 1, 7, 4096, 65536, 65537 };

START_TEST(r31_a_body_until_close_has_a_limit)
{
	for (size_t i = 0; i < UNIT_COUNT(pieces); i++) {
		for (size_t n = 65535; n <= 65537; n++) {
			struct flow f;
			bool over = n > STS_HTTP_BODY_MAX;

			flow_start(&f, OK11 TYPE END);
			flow_content(&f, n, pieces[i], false);
			sts_http_closed(&f.h, true);
			want_flow(&f, "until close",
			    over ? STS_WHY_HTTP_BODY_LARGE : STS_WHY_NONE,
			    over ? STS_HTTP_BODY_MAX : n);
		}
	}
}
END_TEST

START_TEST(r31_a_full_body_that_is_cut_is_truncated)
{
	struct flow f;

	flow_start(&f, OK11 TYPE END);
	flow_content(&f, STS_HTTP_BODY_MAX, 4096, false);
	ck_assert_int_eq(sts_http_status(&f.h), STS_HTTP_MORE);
	sts_http_closed(&f.h, false);
	want_flow(&f, "cut", STS_WHY_HTTP_TRUNCATED, STS_HTTP_BODY_MAX);
}
END_TEST

START_TEST(r31_a_body_with_a_length_has_a_limit)
{
	struct flow f;

	for (size_t i = 0; i < UNIT_COUNT(pieces); i++) {
		flow_start(&f, OK11 TYPE "Content-Length: 65536\r\n" END);
		flow_content(&f, 65537, pieces[i], false);
		want_flow(&f, "length", STS_WHY_NONE, 65536);
	}
	flow_start(&f, OK11 TYPE "Content-Length: 65537\r\n" END);
	want_flow(&f, "announced", STS_WHY_HTTP_BODY_LARGE, 0);
}
END_TEST

START_TEST(r31_a_chunked_body_has_a_limit)
{
	struct flow f;

	for (size_t i = 0; i < UNIT_COUNT(pieces); i++) {
		flow_start(&f, OK11 TYPE CHUNKED END);
		flow_content(&f, 65536, pieces[i], true);
		flow_bytes(&f, "0\r\n\r\n", 5);
		want_flow(&f, "chunks", STS_WHY_NONE, 65536);
	}
	flow_start(&f, OK11 TYPE CHUNKED END "10001\r\n");
	want_flow(&f, "one chunk", STS_WHY_HTTP_BODY_LARGE, 0);
	flow_start(&f, OK11 TYPE CHUNKED END);
	flow_content(&f, 65535, 65535, true);
	flow_bytes(&f, "2\r\n", 3);
	want_flow(&f, "last chunk", STS_WHY_HTTP_BODY_LARGE, 65535);
}
END_TEST

/* What may fill the octets of overhead, and what follows. `framing` of the
 * octets around it belong to a chunk and do not count. */
static const struct {
	const char *name, *head, *fill, *tail;
	size_t framing;
} overheads[] = {
	{ "field", OK11 TYPE "X: ", "y", END END, 0 },
	{ "name", OK11 TYPE, "n", ": x" END END, 0 },
	{ "reason", "HTTP/1.1 200 ", "r", END TYPE END, 0 },
	{ "fields", OK11 TYPE, "X:y" END, END, 0 },
	{ "interim", "", "HTTP/1.1 100 " END END, OK11 TYPE END, 0 },
	{ "extension", OK11 TYPE CHUNKED END "0;", "e", END END, 3 },
	{ "blanks", OK11 TYPE CHUNKED END "0 ", " ", END END, 3 },
	{ "trailer", OK11 TYPE CHUNKED END "0" END, "X:y" END, END, 3 },
};

/*
 * Each of several is checked: of five fields, or of five members of one field,
 * the wrong one is noticed in every place.
 */
static const struct {
	const char *name, *good, *bad, *want;
} several[] = {
	{ "lengths", "Content-Length: 2" END, "Content-Length: 3" END,
	    "http-length" },
	{ "an invalid length", "Content-Length: 2" END, "content-length: x" END,
	    "http-length" },
	{ "types", TYPE, "Content-Type: text/html" END, "http-type" },
	{ "codings", "Content-Encoding: identity" END,
	    "Content-Encoding: br" END, "http-coding" },
	{ "unknown fields, and an odd length", "X: y" END,
	    "Content-Length : 2" END, "http-malformed" },
	{ "unknown fields, and a line without a colon", "X: y" END, "X" END,
	    "http-malformed" },
	{ "unknown fields, and a transfer coding", "X: y" END,
	    "Transfer-Encoding: gzip" END, "http-coding" },
};

START_TEST(a_wrong_field_is_noticed_in_every_place)
{
	enum {
		FIELDS = 5
	};

	for (size_t i = 0; i < UNIT_COUNT(several); i++) {
		for (unsigned at = 0; at <= FIELDS; at++) {
			struct flow f;
			const char *want = at < FIELDS ? several[i].want : "ok";

			flow_start(&f, OK11 TYPE);
			for (unsigned k = 0; k < FIELDS; k++) {
				const char *t =
				    k == at ? several[i].bad : several[i].good;

				flow_bytes(&f, t, strlen(t));
			}
			flow_bytes(&f, END, 2);
			ck_assert_msg(strcmp(sts_why_token(sts_http_why(&f.h)),
					  want) == 0,
			    "%s, place %u: %s", several[i].name, at,
			    sts_why_token(sts_http_why(&f.h)));
		}
	}
	for (unsigned at = 0; at < FIELDS; at++) {
		char list[] = "Content-Length: 2,2,2,2,2" END END;
		struct flow f;

		list[16 + 2 * at] = '3';
		flow_start(&f, OK11 TYPE);
		flow_bytes(&f, list, strlen(list));
		ck_assert_int_eq(sts_http_why(&f.h), STS_WHY_HTTP_LENGTH);
	}
}
END_TEST

START_TEST(a_header_has_a_limit)
{
	for (size_t i = 0; i < UNIT_COUNT(overheads); i++) {
		size_t fill = strlen(overheads[i].fill);
		size_t counted = strlen(overheads[i].head) +
				 strlen(overheads[i].tail) -
				 overheads[i].framing;
		size_t fit = (STS_HTTP_HEADER_MAX - counted) / fill;

		for (size_t n = fit - 1; n <= fit + 1; n++) {
			struct flow f;

			flow_start(&f, overheads[i].head);
			for (size_t k = 0; k < n; k++) {
				flow_bytes(&f, overheads[i].fill, fill);
			}
			flow_bytes(
			    &f, overheads[i].tail, strlen(overheads[i].tail));
			sts_http_closed(&f.h, true);
			want_flow(&f, overheads[i].name,
			    n > fit ? STS_WHY_HTTP_HEADER_LARGE : STS_WHY_NONE,
			    0);
		}
	}
}
END_TEST

/* A response that is done or failed takes nothing more, and does not change. */
START_TEST(a_response_that_has_ended_takes_nothing_more)
{
	struct sts_text body;
	struct flow f;

	flow_start(&f, OK11 TYPE "Content-Length: 0\r\n" END);
	ck_assert_uint_eq(
	    sts_http_feed(&f.h, (const uint8_t *)"x", 1, &body), 0);
	ck_assert_uint_eq(body.n, 0);
	sts_http_closed(&f.h, false);
	want_flow(&f, "done", STS_WHY_NONE, 0);

	flow_start(&f, "SSH-2.0");
	ck_assert_uint_eq(
	    sts_http_feed(&f.h, (const uint8_t *)"x", 1, &body), 0);
	sts_http_closed(&f.h, false);
	want_flow(&f, "failed", STS_WHY_HTTP_MALFORMED, 0);
}
END_TEST

START_TEST(r34_the_request_asks_for_no_coding)
{
	uint8_t out[STS_HTTP_REQUEST_MAX];
	size_t n = sts_http_request(out, unit_span("mta-sts.example.com"));

	unit_text("R16 R26 R34", sts_text(out, n),
	    "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
	    "Host: mta-sts.example.com\r\n"
	    "User-Agent: mtasts/" STS_VERSION "\r\n"
	    "Accept: text/plain\r\n"
	    "Accept-Encoding: identity\r\n"
	    "Connection: close\r\n"
	    "\r\n");
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, responses_are_read_at_every_split);
	tcase_add_test(tc, r31_a_body_until_close_has_a_limit);
	tcase_add_test(tc, r31_a_full_body_that_is_cut_is_truncated);
	tcase_add_test(tc, r31_a_body_with_a_length_has_a_limit);
	tcase_add_test(tc, r31_a_chunked_body_has_a_limit);
	tcase_add_test(tc, a_header_has_a_limit);
	tcase_add_test(tc, a_wrong_field_is_noticed_in_every_place);
	tcase_add_test(tc, a_response_that_has_ended_takes_nothing_more);
	tcase_add_test(tc, r34_the_request_asks_for_no_coding);
}
