// The view that needs no build: the newest message as it was told, on a canvas.
const SCHEMA = 1;
const STALE_MS = 500;

const view = document.getElementById("view");
const canvas = view.getContext("2d");
let frame = null;
let arrived = -Infinity;
let connected = "connecting";
let frames = 0;
let counted = performance.now();

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

function usable(message) {
  const size = message.frame;
  return message.type === "frame" && message.schema === SCHEMA && Array.isArray(message.faces)
    && size?.width >= 1 && size.width <= 16384 && size.height >= 1 && size.height <= 16384;
}

function connect() {
  const shown = token();
  const address = new URL("/stream", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, shown ? [`landmarks-${SCHEMA}`, `token.${shown}`] : []);
  socket.onopen = () => { connected = "live"; };
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string" || data.length > 1e6) return;
    let message;
    try { message = JSON.parse(data); } catch { return; }
    if (message?.schema > SCHEMA) connected = `this page reads schema ${SCHEMA}, the device speaks ${message.schema}`;
    if (message === null || !usable(message)) return;
    connected = "live";
    frame = message;
    frames += 1;
    arrived = performance.now();
  };
  socket.onclose = async () => {
    connected = "offline";
    const answer = await fetch("/health", { headers: shown ? { Authorization: `Bearer ${shown}` } : {} }).catch(() => null);
    if (answer?.status === 401) {
      connected = shown ? "the token is wrong" : "the device asks for a token";
      document.getElementById("ask").hidden = false;
    } else setTimeout(connect, 1000);
  };
}

function pointsOf(face) {
  const points = Array.isArray(face?.landmarks) ? face.landmarks : [];
  return points.filter((point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite));
}

function draw() {
  requestAnimationFrame(draw);
  const old = performance.now() - arrived > STALE_MS;
  const state = connected !== "live" ? connected : frame === null ? "waiting for the first frame" : old ? "nothing new for half a second" : frame.faces.length ? "faces" : "no face in view";
  const told = document.getElementById("state");
  if (told.textContent !== state) told.textContent = state;
  if (frame === null) return;
  const { width, height } = frame.frame;
  if (view.width !== width) view.width = width;
  if (view.height !== height) view.height = height;
  canvas.clearRect(0, 0, width, height);
  canvas.fillStyle = "#5ff0e0";
  // (0, 0) is the middle of the first pixel, a canvas counts from its corner.
  for (const face of old ? [] : frame.faces) {
    for (const [x, y] of pointsOf(face)) canvas.fillRect(x + 0.5 - 2, y + 0.5 - 2, 4, 4);
  }
}

/** What a stream gives as a name: text, whatever it is; an object may refuse to become any. */
const named = (value) => (typeof value === "string" ? value : JSON.stringify(value) ?? "?");

setInterval(() => {
  const now = performance.now();
  if (frame) {
    const rate = (1000 * frames) / (now - counted);
    // What an old frame says of faces is out of date: the camera or the connection may be lost.
    const faces = now - arrived > STALE_MS ? "no" : frame.faces.length;
    document.getElementById("figures").textContent = `${named(frame.source)} · ${named(frame.model)} · ${rate.toFixed(1)} frames/s · ${faces} face(s)`;
  }
  frames = 0;
  counted = now;
}, 1000);

document.getElementById("ask").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", document.getElementById("token").value);
  document.getElementById("ask").hidden = true;
  connect();
};

connect();
draw();
