################################################################################
#
# pjsua2
#
################################################################################

PJSUA2_VERSION = 2.17
PJSUA2_SOURCE = asterisk_22.10.1+dfsg+~cs6.17.60671434.orig-Xpjproject.tar.xz
PJSUA2_SITE = $(call qstrip,$(BR2_BRANCHLINE_DEBIAN))/pool/main/a/asterisk
PJSUA2_LICENSE = GPL-2.0+
PJSUA2_LICENSE_FILES = COPYING
PJSUA2_CPE_ID_VENDOR = teluu
PJSUA2_CPE_ID_PRODUCT = pjsip
PJSUA2_DEPENDENCIES = \
	host-python-setuptools \
	host-python3 \
	host-swig \
	libsrtp \
	openssl \
	python3 \
	util-linux
PJSUA2_MAKE = $(MAKE1)
PJSUA2_MAKE_OPTS = lib

# Options and limits stand once, where the Debian build reads them.
PJSUA2_SETUP = $(BR2_EXTERNAL_BRANCHLINE_PATH)/../rootfs/setup/pjproject
PJSUA2_BINDING = $(@D)/pjsip-apps/src/swig/python
PJSUA2_CONF_OPTS = $(shell sed 's/\#.*//' $(PJSUA2_SETUP)/configure.options) \
	--with-ssl=$(STAGING_DIR)/usr
PJSUA2_CONF_ENV = \
	LD="$(TARGET_CC)" \
	CFLAGS="$(TARGET_CFLAGS) -fPIC -DNDEBUG" \
	CXXFLAGS="$(TARGET_CXXFLAGS) -fPIC -DNDEBUG"

# Debian removes this non-free driver, the list of objects still has it.
define PJSUA2_PREPARE
	cp $(PJSUA2_SETUP)/config_site.h $(@D)/pjlib/include/pj/config_site.h
	$(SED) 's/bdimad_dev.o//' $(@D)/pjmedia/build/Makefile
endef
PJSUA2_POST_PATCH_HOOKS += PJSUA2_PREPARE

define PJSUA2_BUILD_BINDING
	$(TARGET_MAKE_ENV) $(MAKE) -C $(PJSUA2_BINDING) pjsua2_wrap.cpp
	cd $(PJSUA2_BINDING) && $(PKG_PYTHON_SETUPTOOLS_ENV) \
		$(HOST_DIR)/bin/python3 setup.py build
endef
PJSUA2_POST_BUILD_HOOKS += PJSUA2_BUILD_BINDING

define PJSUA2_INSTALL_TARGET_CMDS
	cd $(PJSUA2_BINDING) && $(PKG_PYTHON_SETUPTOOLS_ENV) \
		$(HOST_DIR)/bin/python3 setup.py install \
		$(PKG_PYTHON_SETUPTOOLS_INSTALL_TARGET_OPTS)
endef

$(eval $(autotools-package))
