// Runs an ONNX file in ONNX Runtime. Reads one JSON object from standard input:
//   {"model": path, "threads": n, "outputs": [names], "repeat": k,
//    "inputs": [{"name": .., "type": "float32" when left out, "shape": [..], "values": base64 of float32}]}
// and writes {"outputs": [{"shape": [..], "values": base64 of float32}], "seconds": fastest of k runs}.
const ort = require('onnxruntime-node');
const fs = require('fs');

// halfBits are those of an IEEE 754 half-precision number, for numbers that have one.
function halfBits(v) {
  const bits = new Uint32Array(new Float32Array([v]).buffer)[0], sign = bits >>> 16 & 0x8000, exponent = (bits >>> 23 & 255) - 112;
  if (exponent <= 0) return sign | Math.round(Math.abs(v) * 2 ** 24);
  return exponent > 30 ? sign | 0x7c00 : (sign | exponent << 10 | bits >>> 13 & 0x3ff) + (bits >>> 12 & 1);
}

function halfValue(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction / 2 ** 24;
}

const arrays = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array, int16: Int16Array,
  uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
};

function tensor({type = 'float32', shape, values}) {
  const bytes = Buffer.from(values, 'base64');
  const numbers = Array.from(new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
  if (type === 'float16') return new ort.Tensor(type, Uint16Array.from(numbers, halfBits), shape);
  const array = arrays[type];
  return new ort.Tensor(type, array.from(numbers, type.endsWith('int64') ? v => BigInt(Math.round(v)) : v => v), shape);
}

function floats({type, data}) {
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, halfValue);
  return Float32Array.from(data, Number);
}

async function main() {
  const request = JSON.parse(fs.readFileSync(0));
  const session = await ort.InferenceSession.create(request.model, {intraOpNumThreads: request.threads, logSeverityLevel: 3});
  const feeds = {};
  for (const input of request.inputs) feeds[input.name] = tensor(input);
  let results, seconds = Infinity;
  for (let i = 0; i < (request.repeat || 1); i++) {
    const start = process.hrtime.bigint();
    results = await session.run(feeds, request.outputs);
    seconds = Math.min(seconds, Number(process.hrtime.bigint() - start) / 1e9);
  }
  const outputs = request.outputs.map(name => {
    const values = floats(results[name]);
    return {shape: results[name].dims.map(Number), values: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')};
  });
  process.stdout.write(JSON.stringify({outputs, seconds}));
}

main().catch(error => { console.error(error.message); process.exit(1); });
