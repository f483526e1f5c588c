ifeq ($(BR_BUILDING),y)
ifeq ($(call qstrip,$(BR2_BRANCHLINE_DEBIAN)),)
$(error BR2_BRANCHLINE_DEBIAN is empty: say in menuconfig where Debian's sources lie)
endif
endif

include $(sort $(wildcard $(BR2_EXTERNAL_BRANCHLINE_PATH)/package/*/*.mk))
