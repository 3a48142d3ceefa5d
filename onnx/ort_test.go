package onnx

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/cpu"
)

func newBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	return backend
}

// ortFolder is where ONNX Runtime for Node.js is installed, see bench/ort/package.json; empty if it is not.
func ortFolder() string {
	folder, err := filepath.Abs("../bench/ort")
	if err != nil {
		return ""
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "onnxruntime-node")); err != nil {
		return ""
	}
	if _, err := exec.LookPath("node"); err != nil {
		return ""
	}
	return folder
}

func needRuntime(t *testing.T) {
	t.Helper()
	if ortFolder() == "" {
		t.Skip("ONNX Runtime is not here; install it: cd bench/ort && ONNXRUNTIME_NODE_INSTALL=skip npm ci")
	}
}

type ortTensor struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type,omitempty"` // of the network's input; float32 when empty
	Shape  []int  `json:"shape"`
	Values string `json:"values"` // base64 of float32
}

// inRuntime runs an ONNX file in ONNX Runtime. Inputs and outputs are in ONNX's own order.
func inRuntime(t *testing.T, file string, infos []ValueInfo, inputs []Array, outputs []string) []Array {
	t.Helper()
	results, err := askRuntime(file, infos, inputs, outputs)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func askRuntime(file string, infos []ValueInfo, inputs []Array, outputs []string) ([]Array, error) {
	request := map[string]any{"model": file, "threads": 2, "outputs": outputs}
	tensors := []ortTensor{}
	for i, in := range inputs {
		raw := packed(Float, in.Values, nil, nil)
		tensors = append(tensors, ortTensor{infos[i].Name, infos[i].Type.String(), in.Shape, base64.StdEncoding.EncodeToString(raw)})
	}
	request["inputs"] = tensors
	text, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", "run.js")
	cmd.Dir, cmd.Stdin = ortFolder(), bytes.NewReader(text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	answer, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime on %s: %w: %s", file, err, stderr.String())
	}
	var reply struct{ Outputs []ortTensor }
	if err := json.Unmarshal(answer, &reply); err != nil {
		return nil, err
	}
	results := make([]Array, len(reply.Outputs))
	for i, o := range reply.Outputs {
		raw, err := base64.StdEncoding.DecodeString(o.Values)
		if err != nil {
			return nil, err
		}
		results[i] = Array{o.Shape, (&Tensor{Type: Float, Shape: o.Shape, raw: raw}).Float32s()}
	}
	return results, nil
}

// channelsFirst turns [n, h, w, c] into [n, c, h, w].
func channelsFirst(a Array) Array {
	t := floatTensor(a.Shape, a.Values).transposed([]int{0, 3, 1, 2})
	return Array{t.Shape, t.Float32s()}
}

// inOurOrder turns [n, c, h, w] into [n, h, w, c], and leaves what has not four axes.
func inOurOrder(a Array) Array {
	if len(a.Shape) != 4 {
		return a
	}
	t := floatTensor(a.Shape, a.Values).transposed([]int{0, 2, 3, 1})
	return Array{t.Shape, t.Float32s()}
}

// difference is the largest distance between two numbers of one place, as a part of the largest of want, which counts as at
// least a thousandth: ONNX Runtime's sigmoid is off by some 1e-7 however small its result is.
func difference(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst, largest := 0.0, 1e-3
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst, largest = max(worst, d), max(largest, math.Abs(float64(want[i])))
	}
	return worst / largest
}
