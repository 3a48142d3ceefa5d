// Times one network in ONNX Runtime whenever it is asked. Arguments: model file, threads, shape of its input such as 1x3x112x112.
// It writes "ready" and the version; then, for each line with a number k that it reads, the times of k runs in seconds, as JSON.
const ort = require('onnxruntime-node');
const readline = require('readline');

async function main() {
  const [model, threads, shape] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(model, {intraOpNumThreads: Number(threads), logSeverityLevel: 3});
  const dims = shape.split('x').map(Number);
  const numbers = Float32Array.from({length: dims.reduce((a, b) => a * b)}, (_, i) => Math.sin(i));
  const feeds = {[session.inputNames[0]]: new ort.Tensor('float32', numbers, dims)};
  await session.run(feeds);
  console.log('ready ' + require('onnxruntime-node/package.json').version);
  for await (const line of readline.createInterface({input: process.stdin})) {
    const seconds = [];
    for (let i = 0; i < Number(line); i++) {
      const start = process.hrtime.bigint();
      await session.run(feeds);
      seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
    }
    console.log(JSON.stringify(seconds));
  }
}

main().catch(error => { console.error(error.message); process.exit(1); });
