package onnx

import (
	"fmt"
	"strings"
)

// fullName is the operation with its domain, unless that is ONNX's own.
func (n *node) fullName() string {
	if standardDomain(n.domain) {
		return n.op
	}
	return n.domain + "." + n.op
}

// operation is how the node works in a version of ONNX's operations; those of other domains have one version here.
func (n *node) operation(opset int) (graphOp, error) {
	versions := operations[n.fullName()]
	if len(versions) == 0 {
		return nil, n.unsupported("an operation that is not supported" + n.instead())
	}
	if !standardDomain(n.domain) {
		return versions[0].op, nil
	}
	v := version{}
	for _, next := range versions {
		if next.since <= opset {
			v = next
		}
	}
	switch {
	case v.op != nil:
		return v.op, nil
	case v.since > 0:
		return nil, n.unsupported(fmt.Sprintf("which version %d of ONNX's operations no longer has, and the file says version %d", v.since, opset))
	}
	return nil, n.unsupported(fmt.Sprintf("which is new in version %d of ONNX's operations, and the file says version %d", versions[0].since, opset))
}

func (n *node) unsupported(why string) error {
	return fmt.Errorf("node %s is a %s, %s", n.name, n.fullName(), why)
}

// instead is what to do about an operation that is not supported, where there is something.
func (n *node) instead() string {
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(n.op, word) {
				return true
			}
		}
		return false
	}
	switch {
	case n.domain == "com.microsoft" && (strings.HasPrefix(n.op, "Q") || has("Dynamic", "Integer", "NBits")):
		return ", but one of ONNX Runtime's own: quantise the network again in the format QDQ"
	case n.domain == "com.microsoft":
		return ", but one of ONNX Runtime's own: export the network without optimising it for ONNX Runtime"
	case n.op == "NonMaxSuppression":
		return ": choose the tensors before it as outputs"
	case has("Loop", "Scan", "SequenceMap"):
		return ": export the network without loops over data"
	case has("Sequence", "Optional"):
		return ": export the network without sequences and optionals"
	case has("Random", "Bernoulli", "Multinomial"):
		return ": it is random; export the network for inference"
	}
	return ""
}
