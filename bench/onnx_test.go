package bench

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/onnx"
)

// publicNetwork is a network of the folder $SIAM_WEIGHTS and the batches it is timed at.
type publicNetwork struct {
	file          string
	height, width int
	batches       []int
}

func publicNetworks() []publicNetwork {
	return []publicNetwork{
		{"face_embed_mobilefacenet/MobileFaceNet.onnx", 112, 112, []int{1}},
		{"face_embed_0095/face_embed_0095.onnx", 128, 128, []int{1, 16}},
		{"mobilenet_v2_imagenet/mobilenet_v2_imagenet_i8w.onnx", 224, 224, []int{1, 16}},
		{"face_detect_yunet/yunet_n_dynamic.onnx", 320, 320, []int{1, 16}},
		{"face_detect_yunet/yunet_s_dynamic.onnx", 320, 320, []int{1, 16}},
		{"person_detect_yolox_nano/yolox_nano.onnx", 416, 416, []int{1}},
		{"reid_0288/reid_0288.onnx", 256, 128, []int{1, 16}},
		{"reid_0277/reid_0277.onnx", 256, 128, []int{1, 16}},
	}
}

// weightsFile finds a network in the folder $SIAM_WEIGHTS, or in weights beside the folder $SIAM_DATA.
func weightsFile(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("SIAM_WEIGHTS")
	if data := os.Getenv("SIAM_DATA"); folder == "" && data != "" {
		folder = filepath.Join(filepath.Dir(filepath.Clean(data)), "weights")
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); folder == "" || err != nil {
		t.Skipf("the network %s is not here: set SIAM_WEIGHTS to the folder that has it", name)
	}
	return path
}

// noise is a batch of images [n, h, w, 3].
func (p publicNetwork) noise(n int) onnx.Array {
	a := onnx.Array{Shape: []int{n, p.height, p.width, 3}, Values: make([]float32, n*p.height*p.width*3)}
	for i := range a.Values {
		a.Values[i] = float32(math.Sin(float64(i)))
	}
	return a
}

// loaded is a network ready to run with all its outputs, the names of these and of its input, and how long it took to read the
// file, fold its constants and compile it for one image.
func (p publicNetwork) loaded(t testing.TB) (run *onnx.Network, input string, outputs []string, took time.Duration) {
	t.Helper()
	backend, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	path, one := weightsFile(t, p.file), p.noise(1)
	start := time.Now()
	m, err := onnx.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range m.Outputs() {
		outputs = append(outputs, v.Name)
	}
	if run, err = onnx.NewNetwork(backend, m, outputs...); err != nil {
		t.Fatal(err)
	}
	if _, err := run.Run(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	return run, m.Inputs()[0].Name, outputs, time.Since(start)
}

// BenchmarkImport is reading, folding and compiling, and one run.
func BenchmarkImport(b *testing.B) {
	for _, p := range publicNetworks() {
		b.Run(filepath.Base(p.file), func(b *testing.B) {
			for b.Loop() {
				run, _, _, _ := p.loaded(b)
				run.Close()
			}
		})
	}
}

// BenchmarkNetwork is the time of one batch on two threads.
func BenchmarkNetwork(b *testing.B) {
	for _, p := range publicNetworks() {
		for _, n := range p.batches {
			b.Run(fmt.Sprintf("%s/batch=%d", filepath.Base(p.file), n), func(b *testing.B) {
				run, _, _, _ := p.loaded(b)
				x := p.noise(n)
				for b.Loop() {
					if _, err := run.Run(b.Context(), x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestAgainstONNXRuntime times every network here and in ONNX Runtime, in turn and on two threads each, and prints how many
// times as fast we are. It needs SIAM_BENCH=1 and ONNX Runtime: cd bench/ort && ONNXRUNTIME_NODE_INSTALL=skip npm ci.
func TestAgainstONNXRuntime(t *testing.T) {
	if os.Getenv("SIAM_BENCH") == "" {
		t.Skip("a measurement of a minute: set SIAM_BENCH=1 to take it")
	}
	var logs float64
	var count int
	for _, p := range publicNetworks() {
		run, input, outputs, took := p.loaded(t)
		for _, n := range p.batches {
			x := p.noise(n)
			ours, theirs := math.Inf(1), math.Inf(1)
			for range 3 { // in turn, so that both see the same machine
				ours = min(ours, fastest(t, run, x))
				theirs = min(theirs, inRuntime(t, weightsFile(t, p.file), input, outputs, x))
			}
			ratio := theirs / ours
			logs, count = logs+math.Log(ratio), count+1
			t.Logf("%-32s batch %2d  %8.2f ms, ONNX Runtime %8.2f ms: %.2f times as fast; import %.0f ms",
				filepath.Base(p.file), n, 1e3*ours, 1e3*theirs, ratio, float64(took.Microseconds())/1e3)
		}
		run.Close()
	}
	t.Logf("geometric mean of %d: %.2f times as fast as ONNX Runtime", count, math.Exp(logs/float64(count)))
}

const repeats = 15

// fastest is the shortest of some runs, in seconds.
func fastest(t *testing.T, run *onnx.Network, x onnx.Array) float64 {
	t.Helper()
	best := math.Inf(1)
	for range repeats {
		start := time.Now()
		if _, err := run.Run(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start).Seconds())
	}
	return best
}

// inRuntime is the same in ONNX Runtime, with the numbers in its order: how they lie does not matter here.
func inRuntime(t *testing.T, file, input string, outputs []string, x onnx.Array) float64 {
	t.Helper()
	raw := make([]byte, 0, 4*len(x.Values))
	for _, v := range x.Values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	shape := []int{x.Shape[0], 3, x.Shape[1], x.Shape[2]}
	request, err := json.Marshal(map[string]any{
		"model": file, "threads": 2, "repeat": repeats, "outputs": outputs,
		"inputs": []any{map[string]any{"name": input, "shape": shape, "values": base64.StdEncoding.EncodeToString(raw)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "run.js")
	cmd.Dir, cmd.Stdin = "ort", bytes.NewReader(request)
	answer, err := cmd.Output()
	if err != nil {
		t.Skipf("ONNX Runtime does not run here (%v); install it: cd bench/ort && ONNXRUNTIME_NODE_INSTALL=skip npm ci", err)
	}
	var reply struct{ Seconds float64 }
	if err := json.Unmarshal(answer, &reply); err != nil {
		t.Fatal(err)
	}
	return reply.Seconds
}
