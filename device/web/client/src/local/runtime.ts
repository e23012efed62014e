/**
 * Networks in this browser: LiteRT.js, on the processor by WebAssembly or on the graphics chip by WebGPU.
 *
 * The package's own `CompiledModel` refuses int8 tensors, so the module beneath it is called here in the way that it does itself.
 */

import { type LiteRt, loadLiteRt, supportsFeature } from "@litertjs/core";
import { type TensorSpec, UnusableModel } from "./rules.ts";

/** `cpu`: WebAssembly with XNNPACK; `gpu`: WebGPU. */
export type Chip = "cpu" | "gpu";

type Wasm = LiteRt["liteRtWasm"];
type Buffer = ReturnType<Wasm["LiteRtTensorBuffer"]["createManaged"]>;
type Compiled = Awaited<ReturnType<Wasm["compileModel"]>>;
type Type = ReturnType<Buffer["tensorType"]>;

/** The runtime, and the chips that it can use here. */
export interface Runtime {
  lite: LiteRt;
  chips: Chip[];
}

/**
 * Load the runtime.
 *
 * @param folder address of LiteRT.js's WebAssembly files.
 */
export async function openRuntime(folder: string): Promise<Runtime> {
  const graphics = await hasGraphics();
  // In a worker the module would look for its WebAssembly beside the worker.
  (globalThis as { Module?: unknown }).Module = { locateFile: (name: string) => folder + name };
  const lite = await loadLiteRt(folder, graphics ? { jspi: true } : {});
  return { lite, chips: graphics ? ["cpu", "gpu"] : ["cpu"] };
}

/** What is asked of WebGPU here; TypeScript's own library does not know it. */
interface Graphics {
  requestAdapter(options: { powerPreference: string }): Promise<{ info: { isFallbackAdapter: boolean } } | null>;
}

/** Whether there is a graphics chip that networks can run on; an emulated one is slower than the processor. */
async function hasGraphics(): Promise<boolean> {
  const graphics = (navigator as { gpu?: Graphics }).gpu;
  const adapter = await graphics?.requestAdapter({ powerPreference: "high-performance" });
  return adapter != null && !adapter.info.isFallbackAdapter && (await supportsFeature("jspi"));
}

function shapeOf(type: Type): string {
  const layout = type.layout();
  const dimensions = layout.dimensions();
  const shape = Array.from({ length: dimensions.size() }, (_, index) => dimensions.get(index));
  for (const each of [dimensions, layout, type]) each.delete();
  return shape.join("x");
}

/** What runs a network: uint8 pixels in, its raw int8 outputs out. */
export interface Runner {
  run(pixels: Uint8Array): Promise<Int8Array[]>;
}

/** One network, ready to run. */
export class Network implements Runner {
  private readonly input: Buffer;
  /** For each output that is wanted, its number in the file. */
  private readonly places: number[];

  private constructor(private readonly wasm: Wasm, private readonly compiled: Compiled, input: Buffer, places: number[]) {
    this.input = input;
    this.places = places;
  }

  /**
   * Compile a model file.
   *
   * @param outputs that are wanted, in the order in which `run` gives them.
   * @throws UnusableModel when the file's tensors are not those of its manifest.
   */
  static async open({ lite }: Runtime, file: Uint8Array, input: TensorSpec, outputs: TensorSpec[], chip: Chip): Promise<Network> {
    const [wasm, environment] = [lite.liteRtWasm, lite.getDefaultEnvironment()];
    const address = wasm._malloc(file.byteLength);
    wasm.HEAPU8.set(file, address);
    const model = wasm.loadModel(environment.liteRtEnvironment, address, file.byteLength);
    const options = { environment, accelerator: chip === "gpu" ? "webgpu" : "wasm", cpuOptions: { numThreads: 1 }, gpuOptions: {}, webNNOptions: {} } as const;
    const compiled = await wasm.compileModel(environment.liteRtEnvironment, model, options);
    const found = outputs.map((_, index) => shapeOf(model.getOutputTensorType(0, index)));
    const places = outputs.map((spec) => found.indexOf(spec.shape.join("x")));
    if (shapeOf(model.getInputTensorType(0, 0)) !== input.shape.join("x") || places.includes(-1)) {
      throw new UnusableModel(`a model file has outputs ${found.join(", ")}, its manifest says ${outputs.map(({ shape }) => shape.join("x")).join(", ")}`);
    }
    const type = model.getInputTensorType(0, 0);
    const buffer = wasm.LiteRtTensorBuffer.createManaged(environment.liteRtEnvironment, wasm.LiteRtTensorBufferType.HOST_MEMORY, type, type.bytes());
    type.delete();
    return new Network(wasm, compiled, buffer, places);
  }

  /** The raw int8 outputs for uint8 pixels; each pixel becomes the int8 `pixel - 128`, bit for bit. */
  async run(pixels: Uint8Array): Promise<Int8Array[]> {
    const address = this.input.lock(this.wasm.LiteRtTensorBufferLockMode.WRITE);
    const memory = this.wasm.HEAPU8;
    for (let index = 0; index < pixels.length; index++) memory[address + index] = pixels[index]! ^ 0x80;
    this.input.unlock();
    const buffers = await this.compiled.run(0, [this.input]);
    const results = buffers.map((buffer) => this.read(buffer));
    return this.places.map((place) => results[place]!);
  }

  private read(buffer: Buffer): Int8Array {
    const address = buffer.lock(this.wasm.LiteRtTensorBufferLockMode.READ);
    const values = new Int8Array(this.wasm.HEAPU8.slice(address, address + buffer.packedSize()).buffer);
    buffer.unlock();
    buffer.delete();
    return values;
  }
}
