################################################################################
#
# branchline
#
################################################################################

BRANCHLINE_VERSION = 0.1.0
BRANCHLINE_SITE = $(BR2_EXTERNAL_BRANCHLINE_PATH)/..
BRANCHLINE_SITE_METHOD = local
BRANCHLINE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude /build
BRANCHLINE_LICENSE = GPL-2.0
BRANCHLINE_LICENSE_FILES = LICENSE
BRANCHLINE_DEPENDENCIES = \
	host-python-cffi \
	host-python-setuptools \
	host-python3 \
	libpri \
	openssl \
	opus \
	python3

# Where the units of the Debian image look: the tree, and an environment beside it that is the system's own Python.
BRANCHLINE_HOME = $(TARGET_DIR)/usr/lib/branchline

# cffi's extensions, in place, as rootfs/setup/extensions.py has them on Debian.
define BRANCHLINE_BUILD_CMDS
	cd $(@D) && for module in dsp appliance.signalling.pri; do \
		$(PKG_PYTHON_SETUPTOOLS_ENV) $(HOST_DIR)/bin/python3 \
			-m $$module.build_ffi || exit 1; \
	done
endef

define BRANCHLINE_INSTALL_TARGET_CMDS
	mkdir -p $(BRANCHLINE_HOME)/build/venv/bin
	cd $(@D) && rsync -a --delete --prune-empty-dirs --exclude '*.[cho]' \
		--exclude __pycache__ appliance drivers dsp LICENSE pyproject.toml \
		$(BRANCHLINE_HOME)/
	ln -sf /usr/bin/python3 $(BRANCHLINE_HOME)/build/venv/bin/python
	ln -sf /usr/bin/nats-server $(BRANCHLINE_HOME)/build/venv/bin/nats-server
	echo /usr/lib/branchline \
		>$(TARGET_DIR)/usr/lib/python$(PYTHON3_VERSION_MAJOR)/site-packages/branchline.pth
endef

# What Debian's packages bring and Buildroot's do not.
define BRANCHLINE_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(BRANCHLINE_PKGDIR)/nftables.service \
		$(TARGET_DIR)/usr/lib/systemd/system/nftables.service
	$(INSTALL) -D -m 0644 $(BRANCHLINE_PKGDIR)/00-a-buildroot.preset \
		$(TARGET_DIR)/usr/lib/systemd/system-preset/00-a-buildroot.preset
	ln -sf sshd.service $(TARGET_DIR)/usr/lib/systemd/system/ssh.service
endef

# As rootfs/overlay/usr/lib/sysusers.d has it; board/branchline/post-build.sh has those who log in, with its uid.
define BRANCHLINE_USERS
	branchline 900 branchline 900 * /data/branchline /sbin/nologin - Branchline
endef

$(eval $(generic-package))
