include $(sort $(wildcard $(BR2_EXTERNAL_MTASTS_PATH)/package/*/*.mk))
