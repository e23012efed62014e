/** Files beside the page. */

/** @throws Error with the address and the server's answer where there is no such file. */
export async function bytesOf(address: string): Promise<Uint8Array> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}

export async function jsonOf<Kind>(address: string): Promise<Kind> {
  return JSON.parse(new TextDecoder().decode(await bytesOf(address))) as Kind;
}
