################################################################################
#
# mtasts
#
################################################################################

# This tree is part of the sources: there is nothing to download.
MTASTS_VERSION := $(shell sed -n 's/.*STS_VERSION "\(.*\)"/\1/p' \
	$(BR2_EXTERNAL_MTASTS_PATH)/../../core/base/version.h)
MTASTS_SITE = $(BR2_EXTERNAL_MTASTS_PATH)/../..
MTASTS_SITE_METHOD = local
# What was built there for other machines stays there.
MTASTS_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude=/build
MTASTS_LICENSE = MIT
MTASTS_LICENSE_FILES = LICENSE
MTASTS_INSTALL_STAGING = YES
MTASTS_DEPENDENCIES = bearssl

MTASTS_MAKE_OPTS = $(TARGET_CONFIGURE_OPTS) PREFIX=/usr

define MTASTS_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MTASTS_MAKE_OPTS) INIT=none all
endef

define MTASTS_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MTASTS_MAKE_OPTS) INIT=none \
		DESTDIR=$(STAGING_DIR) install
endef

define MTASTS_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MTASTS_MAKE_OPTS) INIT=none \
		DESTDIR=$(TARGET_DIR) install
endef

define MTASTS_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(MTASTS_PKGDIR)/S75mtasts \
		$(TARGET_DIR)/etc/init.d/S75mtasts
endef

define MTASTS_INSTALL_INIT_OPENRC
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MTASTS_MAKE_OPTS) INIT=openrc \
		DESTDIR=$(TARGET_DIR) install
endef

define MTASTS_INSTALL_INIT_SYSTEMD
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MTASTS_MAKE_OPTS) INIT=systemd \
		DESTDIR=$(TARGET_DIR) install
endef

define MTASTS_USERS
	mtasts -1 mtasts -1 * /var/lib/mtasts - - MTA-STS agent
endef

$(eval $(generic-package))
