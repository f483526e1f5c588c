include $(sort $(wildcard $(BR2_EXTERNAL_BRANCHLINE_PATH)/package/*/*.mk))
