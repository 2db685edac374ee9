# SPDX-License-Identifier: MIT
SUMMARY = "MTA-STS agent (RFC 8461) for Postfix, Sendmail and Exim"
DESCRIPTION = "Finds and keeps the policies by which other mail domains ask for \
verified TLS, and answers mail servers on 127.0.0.1:8461."
HOMEPAGE = "https://www.rfc-editor.org/rfc/rfc8461"
SECTION = "net"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=a959b7cf6ff2029eb55ee9cbf25330fd"

# This tree is the source, and has the version; there is nothing of ours to
# download. What was built there for other machines stays there.
MTASTS_TREE := "${@os.path.realpath(d.getVar('THISDIR') + '/../../../..')}"
PV := "${@__import__('re').search('STS_VERSION \"(.*)\"', open(d.getVar('MTASTS_TREE') + '/core/base/version.h').read())[1]}"

inherit externalsrc useradd systemd update-rc.d

EXTERNALSRC = "${MTASTS_TREE}"
EXTERNALSRC_BUILD = "${WORKDIR}/build"
DEPENDS = "bearssl"
RDEPENDS:${PN} = "ca-certificates"

MTASTS_INIT = "${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'systemd', 'none', d)}"
EXTRA_OEMAKE = "BUILD=${B} INIT=${MTASTS_INIT} PREFIX=${prefix} SYSCONFDIR=${sysconfdir} \
	STATEDIR=${localstatedir}/lib/mtasts RUNDIR=/run/mtasts LIBDIR=${libdir} \
	UNITDIR=${systemd_system_unitdir}"

do_configure[noexec] = "1"

do_compile() {
	oe_runmake -C ${S} CC="${CC}" AR="${AR}" all
}

do_install() {
	oe_runmake -C ${S} CC="${CC}" AR="${AR}" DESTDIR=${D} install
	install -D -m 0644 ${S}/boards/posix/service/mtasts.conf ${D}${sysconfdir}/mtasts.conf
	if [ "${MTASTS_INIT}" = none ]; then
		install -D -m 0755 ${S}/boards/buildroot/package/mtasts/S75mtasts \
			${D}${sysconfdir}/init.d/mtasts
	fi
}

CONFFILES:${PN} = "${sysconfdir}/mtasts.conf"
FILES:${PN} += "${libdir}/sysusers.d ${libdir}/tmpfiles.d"

USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --user-group --no-create-home \
	--home-dir ${localstatedir}/lib/mtasts --shell /sbin/nologin mtasts"

SYSTEMD_SERVICE:${PN} = "mtasts.socket mtasts.service"
INITSCRIPT_NAME = "mtasts"
INITSCRIPT_PARAMS = "defaults 75 25"
