/** A connection from the device to this page. */

/** What a transport tells the client. */
export interface Listener {
  /** Messages can come now. */
  up(): void;
  /** None can come for a while; the transport tries again by itself unless it was refused. */
  down(reason: string, refused?: boolean): void;
  /** One message. */
  text(data: string): void;
  /** One picture. */
  bytes(data: ArrayBuffer): void;
  /** One frame in binary form. */
  binary(data: Uint8Array): void;
}

export interface Transport {
  /** Begin; tells the listener what happens until it is closed. */
  open(listener: Listener): void;
  /** Send to the device, where the way leads back; otherwise nothing happens. */
  send(text: string): void;
  /** End; the listener hears no more. */
  close(): void;
}
