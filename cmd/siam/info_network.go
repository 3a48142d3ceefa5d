package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/siam-go/siam/onnx"
)

// networkInfo is what siam info prints of an ONNX file as JSON.
type networkInfo struct {
	File       string          `json:"file"`
	Bytes      int64           `json:"bytes"`
	Producer   string          `json:"producer"`
	Opset      int             `json:"opset"` // version of ONNX's operations
	Parameters int             `json:"parameters"`
	Inputs     []networkTensor `json:"inputs"`
	Outputs    []networkTensor `json:"outputs"`
	Operations map[string]int  `json:"operations"` // how many of each
	Tensors    []string        `json:"tensors"`    // all that siam import --output may name
}

// networkTensor is what an ONNX file says of an input or output.
type networkTensor struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Shape   []int  `json:"shape"`             // -1 for an open dimension, null when the file says nothing
	Problem string `json:"problem,omitempty"` // why siam import cannot take this output
}

// describeNetwork says what is in an ONNX file.
func describeNetwork(file string) (networkInfo, error) {
	m, err := onnx.ReadFile(file)
	if err != nil {
		return networkInfo{}, err
	}
	stat, err := os.Stat(file)
	if err != nil {
		return networkInfo{}, err
	}
	info := networkInfo{
		File: file, Bytes: stat.Size(), Producer: m.Producer(), Opset: m.Opset(), Parameters: m.Parameters(), Operations: m.Operations(),
		Tensors: m.Tensors(),
	}
	for _, v := range m.Inputs() {
		info.Inputs = append(info.Inputs, networkTensor{Name: v.Name, Type: v.Type.String(), Shape: v.Shape})
	}
	for _, v := range m.Outputs() {
		output := networkTensor{Name: v.Name, Type: v.Type.String(), Shape: v.Shape}
		if err := m.Check(v.Name); err != nil {
			output.Problem = err.Error()
		}
		info.Outputs = append(info.Outputs, output)
	}
	return info, nil
}

func (i networkInfo) text() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	row("network", "ONNX of %d bytes, version %d of the operations, made by %s", i.Bytes, i.Opset, cmp.Or(i.Producer, "an unknown program"))
	row("weights", "%d", i.Parameters)
	for _, v := range i.Inputs {
		row("reads", "%s", v)
	}
	for _, v := range i.Outputs {
		row("gives", "%s", v)
		if v.Problem != "" {
			row("", "but %s", v.Problem)
		}
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(i.Operations)) {
		counts = append(counts, fmt.Sprintf("%d %s", i.Operations[name], name))
	}
	row("operations", "%s", strings.Join(counts, ", "))
	row("tensors", "%d; siam info --json names them for --output", len(i.Tensors))
	row("next", "siam import --onnx %s --preprocess … --out MODEL", i.File)
	return b.String()
}

// String is such as "x, float32 [? 3 112 112]".
func (t networkTensor) String() string {
	if t.Shape == nil {
		return fmt.Sprintf("%s, %s of unknown shape", t.Name, t.Type)
	}
	shape := strings.ReplaceAll(fmt.Sprint(t.Shape), "-1", "?")
	return fmt.Sprintf("%s, %s %s", t.Name, t.Type, shape)
}
