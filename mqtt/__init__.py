"""MQTT: the newest values for Home Assistant and other programs in the house."""
