################################################################################
#
# kamailio
#
################################################################################

KAMAILIO_VERSION = 6.0.1
KAMAILIO_SOURCE = kamailio_$(KAMAILIO_VERSION).orig.tar.gz
KAMAILIO_SITE = $(call qstrip,$(BR2_BRANCHLINE_DEBIAN))/pool/main/k/kamailio
KAMAILIO_LICENSE = GPL-2.0+
KAMAILIO_LICENSE_FILES = COPYING
KAMAILIO_CPE_ID_VENDOR = kamailio
KAMAILIO_DEPENDENCIES = host-bison host-flex sqlite

# Where the appliance looks: /usr/sbin, /usr/lib/kamailio/modules, /usr/share/kamailio.
KAMAILIO_OPTS = \
	$(TARGET_CONFIGURE_OPTS) \
	CC_EXTRA_OPTS="$(TARGET_CFLAGS)" \
	CROSS_COMPILE=$(TARGET_CROSS) \
	ARCH=$(NORMALIZED_ARCH) \
	OS=linux \
	PREFIX=/usr \
	LIBDIR=lib \
	cfg_target=/etc/kamailio/ \
	basedir=$(TARGET_DIR)

define KAMAILIO_CONFIGURE_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(KAMAILIO_OPTS) \
		include_modules=db_sqlite cfg
endef

define KAMAILIO_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(KAMAILIO_OPTS) all
endef

define KAMAILIO_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(KAMAILIO_OPTS) install
endef

$(eval $(generic-package))
