################################################################################
#
# branchline-wheels
#
################################################################################

# Made by `python -m rootfs.buildroot.wheels` from rootfs/packages/python.lock.

BRANCHLINE_WHEELS_VERSION = @VERSION@
BRANCHLINE_WHEELS_SOURCE =
BRANCHLINE_WHEELS_LICENSE = @LICENSES@
BRANCHLINE_WHEELS_LICENSE_FILES = \
	@LICENSE_FILES@
BRANCHLINE_WHEELS_DEPENDENCIES = python3

@LISTS@
# Their C is compiled for one Python.
ifeq ($(BR2_PACKAGE_BRANCHLINE_WHEELS)$(BR_BUILDING),yy)
ifneq ($(PYTHON3_VERSION_MAJOR),@PYTHON@)
$(error branchline-wheels are of Python @PYTHON@, this Buildroot has $(PYTHON3_VERSION_MAJOR): set PYTHON in rootfs/buildroot/wheels.py and run it)
endif
endif

define BRANCHLINE_WHEELS_EXTRACT_CMDS
	$(foreach wheel,$(notdir $(BRANCHLINE_WHEELS_EXTRA_DOWNLOADS)),\
		$(UNZIP) -q -o -d $(@D)/site $(BRANCHLINE_WHEELS_DL_DIR)/$(wheel)$(sep))
endef

define BRANCHLINE_WHEELS_INSTALL_TARGET_CMDS
	mkdir -p $(TARGET_DIR)/usr/bin $(TARGET_DIR)/usr/lib/python@PYTHON@/site-packages
	rsync -a --exclude '*.data' $(@D)/site/ $(TARGET_DIR)/usr/lib/python@PYTHON@/site-packages/
	$(INSTALL) -m 0755 $(@D)/site/*.data/scripts/* $(TARGET_DIR)/usr/bin/
endef

$(eval $(generic-package))
