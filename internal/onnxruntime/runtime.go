// Package onnxruntime runs ONNX files in ONNX Runtime for Node.js, where bench/ort has it installed, so that tests compare with it.
package onnxruntime

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
)

// Tensor is what a network reads or writes, in ONNX's own order of axes. Type is that of an input, such as int64; empty is float32.
type Tensor struct {
	Name, Type string
	Shape      []int
	Values     []float32
}

// Installed says whether ONNX Runtime is in bench/ort, as seen from a package in a folder of the module's own.
func Installed() bool {
	_, err := os.Stat(filepath.Join(folder(), "node_modules", "onnxruntime-node"))
	if err == nil {
		_, err = exec.LookPath("node")
	}
	return err == nil
}

func folder() string { return filepath.Join("..", "bench", "ort") }

// Need skips a test where ONNX Runtime is not installed.
func Need(t testing.TB) {
	t.Helper()
	if !Installed() {
		t.Skip("ONNX Runtime is not here; install it: cd bench/ort && ONNXRUNTIME_NODE_INSTALL=skip npm ci")
	}
}

// wire is a tensor as run.js reads and writes it.
type wire struct {
	Name   string `json:"name,omitempty"`
	Type   string `json:"type,omitempty"`
	Shape  []int  `json:"shape"`
	Values string `json:"values"` // base64 of float32
}

// Run is what a file's network makes of inputs: the tensors called outputs.
func Run(file string, inputs []Tensor, outputs []string) ([]Tensor, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	given := []wire{}
	for _, in := range inputs {
		given = append(given, wire{in.Name, in.Type, in.Shape, encoded(in.Values)})
	}
	request, err := json.Marshal(map[string]any{"model": file, "threads": 2, "outputs": outputs, "inputs": given})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", "run.js")
	cmd.Dir, cmd.Stdin = folder(), bytes.NewReader(request)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	answer, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime on %s: %w: %s", file, err, stderr.String())
	}
	var reply struct{ Outputs []wire }
	if err := json.Unmarshal(answer, &reply); err != nil {
		return nil, err
	}
	results := make([]Tensor, len(reply.Outputs))
	for i, o := range reply.Outputs {
		results[i].Shape = o.Shape
		if results[i].Values, err = decoded(o.Values); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func encoded(values []float32) string {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func decoded(text string) ([]float32, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values, err
}
