/* SPDX-License-Identifier: MIT */
/*
 * Limits of a product that reports what fails where it delivers mail
 * (core/agent/agent_report.h) and has little room: by the C call alone, failing
 * domains only, reports posted as they are. A product includes it in its own
 * file of limits; by itself it is what `make size` and `make test-switches`
 * take.
 */
#ifndef STS_BOARD_REPORTS_H
#define STS_BOARD_REPORTS_H

#define STS_REPORT 1
#define STS_REPORT_SOCKET 0
#define STS_REPORT_ALL 0
#ifndef STS_REPORT_GZIP
#define STS_REPORT_GZIP 0
#endif
#define STS_REPORT_TESTING 0
#ifndef STS_SMTP
#define STS_SMTP 0 /* and with it STS_REPORT_MAIL */
#endif

#define STS_REPORT_TEXT 1536
#define STS_TLSRPT_RECORD_MAX 512
#define STS_REPORT_POLICIES 2
#define STS_REPORT_FAILURES 8
#define STS_REPORT_OWN 4
#define STS_REPORT_PAUSES 1
#define STS_REPORT_COUNTED 16

#endif
