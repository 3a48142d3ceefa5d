package onnx

// Opset is the version of ONNX's operations that the network is made of.
func (m *Model) Opset() int { return m.opset }

// Producer names the program that wrote the file, empty when it does not say.
func (m *Model) Producer() string { return m.producer }

// Operations counts the network's operations by name; those that are not ONNX's own begin with their domain.
func (m *Model) Operations() map[string]int {
	counts := map[string]int{}
	for _, n := range m.nodes {
		counts[n.fullName()]++
	}
	return counts
}

// Parameters is how many numbers the network's weights have.
func (m *Model) Parameters() int {
	count := 0
	for _, t := range m.initializers {
		count += t.Size()
	}
	return count
}

// Check says what of the part that the tensors called outputs need is not supported, nil when [Model.Select] will find nothing
// missing.
func (m *Model) Check(outputs ...string) error {
	part, err := m.part(outputs)
	if err != nil {
		return err
	}
	return part.check()
}
