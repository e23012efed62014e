"""The sinks `mqtt:` and `mqtts:`."""

from device.config.address import Address, Scheme
from device.sinks import Sink
from device.sinks.mqtt.settings import FORM, MqttOptions, check_mqtt_address, read_mqtt_settings


def open_mqtt(address: Address[MqttOptions]) -> Sink:
    """A running sink.

    Raises:
        UsageError: an address that cannot be understood.
        BadInputError: refused credentials, a certificate that is not trusted or cannot be read.
    """
    from device.sinks.mqtt.sink import MqttSink

    sink = MqttSink(read_mqtt_settings(address))
    sink.start()
    return sink


SCHEME = Scheme(FORM, "an MQTT broker; mqtts: encrypted", MqttOptions, open_mqtt, check=check_mqtt_address)
