// Runs an ONNX file in ONNX Runtime. Reads one JSON object from standard input:
//   {"model": path, "threads": n, "outputs": [names], "inputs": [{"name": .., "shape": [..], "values": base64 of float32}],
//    "repeat": k}
// and writes {"outputs": [{"shape": [..], "values": base64}], "seconds": fastest of k runs}.
const ort = require('onnxruntime-node');
const fs = require('fs');

function floats(text) {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function main() {
  const request = JSON.parse(fs.readFileSync(0));
  const session = await ort.InferenceSession.create(request.model, {intraOpNumThreads: request.threads, logSeverityLevel: 3});
  const feeds = {};
  for (const input of request.inputs) feeds[input.name] = new ort.Tensor('float32', floats(input.values), input.shape);
  let results, seconds = Infinity;
  for (let i = 0; i < (request.repeat || 1); i++) {
    const start = process.hrtime.bigint();
    results = await session.run(feeds, request.outputs);
    seconds = Math.min(seconds, Number(process.hrtime.bigint() - start) / 1e9);
  }
  const outputs = request.outputs.map(name => {
    const {dims, data} = results[name];
    return {shape: dims.map(Number), values: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')};
  });
  process.stdout.write(JSON.stringify({outputs, seconds}));
}

main().catch(error => { console.error(error.message); process.exit(1); });
