/** The stream through an MQTT broker that listens for WebSockets; mqtt.js is loaded only when this is chosen. */

import type { MqttClient } from "mqtt";
import { FIRST_BYTE_OF_BINARY } from "./cbor.ts";
import type { Listener, Transport } from "./transport.ts";

const RECONNECT_MS = 500;

export interface MqttOptions {
  /** Such as `ws://broker.local:9001`. */
  url: string;
  /** Prefix of the device's topics, such as `landmarks/hall`. */
  topic: string;
  username?: string;
  password?: string;
}

/** Payloads of the retained `status` topic that mean that no messages will come. */
const GONE: Record<string, string> = {
  offline: "the device is offline, says the broker",
  stopped: "the device was stopped",
};

export class MqttTransport implements Transport {
  private readonly options: MqttOptions;
  private client: MqttClient | null = null;
  private listener: Listener | null = null;

  constructor(options: MqttOptions) {
    this.options = options;
  }

  open(listener: Listener): void {
    this.listener = listener;
    void this.connect();
  }

  send(): void {
    // Viewers command nothing, and the clock is estimated from the messages themselves.
  }

  close(): void {
    this.listener = null;
    this.client?.end(true);
  }

  private async connect(): Promise<void> {
    const { default: mqtt } = await import("mqtt");
    if (this.listener === null) return;
    const { url, topic, username, password } = this.options;
    const client = mqtt.connect(url, {
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: 3_000,
      keepalive: 10,
      timerVariant: "native", // The other is a worker made of text, which this page's safety rules forbid.
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    this.client = client;
    client.on("connect", () => {
      client.subscribe([`${topic}/frames`, `${topic}/events`, `${topic}/health`, `${topic}/status`], { qos: 0 });
      this.listener?.up();
    });
    client.on("close", () => this.listener?.down("the broker does not answer"));
    client.on("error", (error) => this.listener?.down(`the broker: ${error.message}`));
    client.on("message", (name, payload) => this.onMessage(name, payload));
  }

  private onMessage(name: string, payload: Uint8Array): void {
    if (payload[0]! >= FIRST_BYTE_OF_BINARY) {
      this.listener?.binary(payload);
      return;
    }
    const text = new TextDecoder().decode(payload);
    if (!name.endsWith("/status")) this.listener?.text(text);
    else if (GONE[text] !== undefined) this.listener?.down(GONE[text]);
    else this.listener?.up();
  }
}
