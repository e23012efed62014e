/** A connection from the device to this page. */

/** Gets the events of a transport. */
export interface Listener {
  /** The device is reachable; messages can come. */
  up(): void;
  /** The device cannot be reached; the transport keeps trying, unless it was refused. */
  down(reason: string, refused?: boolean): void;
  /** One message. */
  text(data: string): void;
  /** One picture: its frame's number, then a JPEG. */
  bytes(data: ArrayBuffer): void;
  /** One picture that was taken in this browser. */
  bitmap(sequence: number, image: ImageBitmap): void;
  /** One frame in binary form. */
  binary(data: Uint8Array): void;
}

export interface Transport {
  /** Start to connect; the listener gets events until the transport is closed. */
  open(listener: Listener): void;
  /** Send to the device; does nothing on a transport that has no way back. */
  send(text: string): void;
  /** Disconnect; the listener gets no more events. */
  close(): void;
}
