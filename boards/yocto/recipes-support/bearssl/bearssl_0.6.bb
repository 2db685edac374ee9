# SPDX-License-Identifier: MIT
SUMMARY = "TLS library without a heap"
HOMEPAGE = "https://bearssl.org"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE.txt;md5=1fc37e1037ae673975fbcb96a98f7191"

SRC_URI = "https://bearssl.org/bearssl-${PV}.tar.gz"
SRC_URI[sha256sum] = "6705bba1714961b41a728dfc5debbe348d2966c117649392f8c8139efc83ff14"

# Its rules do not wait for their folder.
PARALLEL_MAKE = ""

do_compile() {
	oe_runmake CC="${CC}" AR="${AR}" CFLAGS="${CFLAGS} -fPIC" lib
}

# A static library for those who link it.
do_install() {
	install -d ${D}${includedir} ${D}${libdir}
	install -m 0644 inc/*.h ${D}${includedir}
	install -m 0644 build/libbearssl.a ${D}${libdir}
}

ALLOW_EMPTY:${PN} = "1"
