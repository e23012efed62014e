/** The stream over a WebSocket, which is opened again whenever it breaks. */

import type { Listener, Transport } from "./transport.ts";

/** Milliseconds before the first attempt to reconnect; doubled up to the last. */
const FIRST_WAIT_MS = 200;
const LAST_WAIT_MS = 1_600;

/** Milliseconds without any message after which a connection is given up: lost Wi-Fi does not report itself. */
const SILENCE_MS = 8_000;

export class SocketTransport implements Transport {
  private readonly url: string;
  private readonly token: string | undefined;
  private socket: WebSocket | null = null;
  private listener: Listener | null = null;
  private wait = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastMessage = 0;

  /**
   * @param url such as `ws://pi.local:8080/stream`.
   * @param token that the device asks viewers for; it travels as a subprotocol, never in an address.
   */
  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  open(listener: Listener): void {
    this.listener = listener;
    this.connect();
  }

  send(text: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
    if (performance.now() - this.lastMessage > SILENCE_MS) this.socket?.close();
  }

  close(): void {
    this.listener = null;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(): void {
    const offered = this.token ? ["landmarks-1", `token.${this.token}`] : [];
    let opened = false;
    const socket = new WebSocket(this.url, offered);
    this.socket = socket;
    this.lastMessage = performance.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      opened = true;
      this.wait = FIRST_WAIT_MS;
      this.listener?.up();
    };
    socket.onmessage = ({ data }) => {
      this.lastMessage = performance.now();
      if (typeof data === "string") this.listener?.text(data);
      else this.listener?.bytes(data as ArrayBuffer);
    };
    socket.onclose = () => void this.onClose(opened);
  }

  private async onClose(opened: boolean): Promise<void> {
    if (this.listener === null) return;
    this.listener.down("the device does not answer");
    // A browser does not say why a WebSocket was refused; an ordinary request does.
    if (!opened && (await this.isRefused())) {
      this.listener?.down(this.token ? "the token is wrong" : "the device asks for a token", true);
      return;
    }
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, LAST_WAIT_MS);
  }

  private async isRefused(): Promise<boolean> {
    const address = this.url.replace(/^ws/, "http").replace(/\/stream$/, "/health");
    const headers: Record<string, string> = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    try {
      const answer = await fetch(address, { headers, cache: "no-store" });
      return answer.status === 401 || answer.status === 403;
    } catch {
      return false;
    }
  }
}
