################################################################################
#
# branchline-prompts
#
################################################################################

BRANCHLINE_PROMPTS_VERSION = 1.6.1
BRANCHLINE_PROMPTS_SOURCE = asterisk-core-sounds-en-wav_$(BRANCHLINE_PROMPTS_VERSION)-1_all.deb
BRANCHLINE_PROMPTS_SITE = $(call qstrip,$(BR2_BRANCHLINE_DEBIAN))/pool/main/a/asterisk-core-sounds
BRANCHLINE_PROMPTS_LICENSE = CC-BY-SA-3.0
BRANCHLINE_PROMPTS_LICENSE_FILES = usr/share/doc/asterisk-core-sounds-en-wav/copyright

define BRANCHLINE_PROMPTS_EXTRACT_CMDS
	$(HOSTAR) p $(BRANCHLINE_PROMPTS_DL_DIR)/$(BRANCHLINE_PROMPTS_SOURCE) data.tar.xz | \
		tar -C $(@D) -xJf -
endef

define BRANCHLINE_PROMPTS_INSTALL_TARGET_CMDS
	mkdir -p $(TARGET_DIR)/usr/share/asterisk
	rsync -a $(@D)/usr/share/asterisk/sounds $(TARGET_DIR)/usr/share/asterisk/
endef

$(eval $(generic-package))
