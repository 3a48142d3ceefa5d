package onnx

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
)

// foldNorms makes normalisations and biases that follow a convolution part of its weights, where nothing else reads what
// lies between.
func (m *Model) foldNorms() {
	for again := true; again; {
		again = false
		for _, n := range m.nodes {
			if n.op == "Conv" && m.foldInto(n) {
				again = true
				break
			}
		}
	}
}

// foldInto takes the only reader of a convolution's output into it, and says whether it could.
func (m *Model) foldInto(conv *node) bool {
	next := m.onlyReader(conv.outputs[0])
	if next < 0 {
		return false
	}
	reader := m.nodes[next]
	filters := m.initializers[conv.inputs[1]].Shape[0]
	switch reader.op {
	case "BatchNormalization":
		scale, shift := m.normOf(reader)
		m.scaleFilters(conv, scale)
		m.addBias(conv, shift)
	case "Add":
		other := reader.inputs[0]
		if other == conv.outputs[0] {
			other = reader.inputs[1]
		}
		bias := m.initializers[other]
		if bias == nil || !slices.Equal(bias.Shape, []int{1, filters, 1, 1}) {
			return false
		}
		m.addBias(conv, bias.Float32s())
	default:
		return false
	}
	conv.outputs = reader.outputs
	m.nodes = slices.Delete(m.nodes, next, next+1)
	return true
}

// onlyReader is the place of the one node that reads a tensor, -1 if there is none or another.
func (m *Model) onlyReader(name string) int {
	found := -1
	for i, n := range m.nodes {
		if !slices.Contains(n.inputs, name) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

// normOf turns a normalisation with fixed statistics into x·scale + shift, per channel.
func (m *Model) normOf(n *node) (scale, shift []float32) {
	var parameters [4][]float32
	for i := range parameters {
		parameters[i] = m.initializers[n.inputs[i+1]].Float32s()
	}
	scale, shift = parameters[0], parameters[1]
	for c := range scale {
		deviation := math.Sqrt(float64(parameters[3][c]) + float64(n.attributes["epsilon"].float))
		scale[c] = float32(float64(scale[c]) / deviation)
		shift[c] -= parameters[2][c] * scale[c]
	}
	return scale, shift
}

// scaleFilters multiplies each filter of a convolution, and its bias if it has one, with a number.
func (m *Model) scaleFilters(conv *node, scale []float32) {
	for _, name := range conv.inputs[1:] {
		t := m.initializers[name]
		values := t.Float32s()
		each := len(values) / len(scale)
		for i := range values {
			values[i] *= scale[i/each]
		}
		m.initializers[name] = floatTensor(t.Shape, values)
	}
}

// addBias adds to a convolution's bias, which it gets if it has none.
func (m *Model) addBias(conv *node, bias []float32) {
	if len(conv.inputs) > 2 {
		for i, v := range m.initializers[conv.inputs[2]].Float32s() {
			bias[i] += v
		}
	} else {
		conv.inputs = append(conv.inputs, fmt.Sprint(conv.name, "_bias"))
	}
	m.initializers[conv.inputs[2]] = floatTensor([]int{len(bias)}, bias)
}

// shareWeights keeps one of each equal tensors, such as the weights of layers that see an image and its mirror image.
func (m *Model) shareWeights() {
	names := map[string]string{} // by content
	for _, n := range m.nodes {
		for i, name := range n.inputs {
			t := m.initializers[name]
			if t == nil {
				continue
			}
			content := fmt.Sprint(t.Type, t.Shape, sha256.Sum256(t.raw))
			if names[content] == "" {
				names[content] = name
			}
			n.inputs[i] = names[content]
		}
	}
}

// dropUnused removes the weights that no node reads any more.
func (m *Model) dropUnused() {
	used := map[string]bool{}
	for _, n := range m.nodes {
		for _, name := range n.inputs {
			used[name] = true
		}
	}
	for name := range m.initializers {
		if !used[name] {
			delete(m.initializers, name)
		}
	}
}
