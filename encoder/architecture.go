package encoder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// Architecture is a way to build an encoder: one of Siam's own, which a spec names, or a program's own, which the spec carries as
// Spec.Own. A model file stores its name only: who opens a model of another program's architecture brings the architecture.
type Architecture struct {
	Name string
	// Build adds the network to the graph: x, images [n, h, w, c] or vectors [n, k], to embeddings [n, spec.Dim], which are scaled
	// to length 1 afterwards where the spec says so. It has the layers that l builds.
	Build func(l *Layers, spec Spec, x *Node) *Node
	// Check says what is wrong with a spec beyond what holds for all architectures; nil accepts all.
	Check func(Spec) error
}

// builtin is one of Siam's own architectures.
type builtin struct {
	build func(l *Layers, spec Spec, x *Node) *Node
	check func(Spec) error
	// spec is the customary one, for images of side×side pixels, or vectors of side numbers; 0 is the customary size of images.
	spec func(side int) Spec
	// settings are those that it has besides the ones that all have, by their names in JSON.
	settings []string
}

// builtins is the table of Siam's own architectures, the only one: to add one, write its file and its row here.
func builtins() map[string]builtin {
	return map[string]builtin{
		"koch":   {build: buildKoch, check: checkKoch, spec: sized(Koch), settings: []string{"init"}},
		"koch35": {build: buildKoch35, check: checkKoch35, spec: sized(Koch35), settings: []string{"init"}},
		"conv4":  {build: buildConv4, check: checkConv4, spec: func(side int) Spec { return Conv4(cmp.Or(side, 28)) }},
		"resnet": {build: buildResnet, check: checkResnet, spec: sized(Resnet), settings: []string{"widths", "blocks", "max_pool", "flatten"}},
		"mlp":    {build: buildMLP, check: checkMLP, spec: MLP, settings: []string{"vector", "widths"}},
	}
}

// sized is a customary spec at any size.
func sized(customary func() Spec) func(side int) Spec {
	return func(side int) Spec {
		spec := customary()
		if side > 0 {
			spec.Preprocess.Height, spec.Preprocess.Width = side, side
		}
		return spec
	}
}

// Architectures lists Siam's own architectures, the values of Spec.Arch, sorted.
func Architectures() []string { return slices.Sorted(maps.Keys(builtins())) }

// New is the customary spec of one of Siam's own architectures, for images of side×side pixels or vectors of side numbers; 0 is the
// customary size of images.
func New(arch string, side int) (Spec, error) {
	row, known := builtins()[arch]
	if !known {
		return Spec{}, fmt.Errorf("unknown architecture %q, want one of %s", arch, strings.Join(Architectures(), ", "))
	}
	return row.spec(side), nil
}

// architecture is how the spec's encoder is built.
func (s Spec) architecture() (Architecture, error) {
	row, ours := builtins()[s.Arch]
	switch {
	case s.Own == nil && ours:
		return Architecture{s.Arch, row.build, row.checkSpec}, nil
	case s.Own == nil:
		return Architecture{}, fmt.Errorf("architecture %q is none of Siam's own (%s): a program that has it opens its models with siam.WithArchitecture",
			s.Arch, strings.Join(Architectures(), ", "))
	case ours || s.Arch == Imported || s.Own.Name != s.Arch || s.Own.Build == nil:
		return Architecture{}, fmt.Errorf("an architecture of the name %q for the spec of %q: want the same name, none of Siam's own (%s, %s), and a Build",
			s.Own.Name, s.Arch, strings.Join(Architectures(), ", "), Imported)
	}
	return *s.Own, nil
}

// checkSpec is the row's check, which also refuses settings that it does not have.
func (b builtin) checkSpec(s Spec) error {
	if err := s.checkParticular(b.settings...); err != nil {
		return err
	}
	return b.check(s)
}

// checkParticular reports a setting that only some architectures have and this one, which has those named, has not.
func (s Spec) checkParticular(has ...string) error {
	set := map[string]bool{
		"vector": s.Vector != 0, "init": s.Init != "", "widths": len(s.Widths) > 0, "blocks": s.Blocks != 0, "max_pool": s.MaxPool, "flatten": s.Flatten,
		"settings": len(s.Settings) > 0, "outputs": len(s.Outputs) > 0, "one_by_one": s.OneByOne,
		"pool": s.Pool != "", "precision": s.Precision != "",
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] && !slices.Contains(has, name) {
			return fmt.Errorf("it has no setting %s", name)
		}
	}
	return nil
}
