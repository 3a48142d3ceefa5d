package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/spf13/cobra"
)

// modelInfo is what siam info prints as JSON.
type modelInfo struct {
	File        string                 `json:"file"`
	Hash        string                 `json:"hash"`
	Kind        string                 `json:"kind"`
	Spec        json.RawMessage        `json:"spec"`
	Distance    string                 `json:"distance"`
	Parameters  int                    `json:"parameters"`
	Calibration *modelfile.Calibration `json:"calibration"` // null when no threshold was chosen
	Provenance  modelfile.Provenance   `json:"provenance"`
	Tensors     []tensorInfo           `json:"tensors"`
	Networks    map[string]int         `json:"networks,omitempty"` // bytes of the ONNX files that the model needs
}

type tensorInfo struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func (a *app) infoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info MODEL",
		Short: "what is in a model file, or in an ONNX network before siam import",
		Args:  wants("MODEL"),
		RunE: func(_ *cobra.Command, files []string) error {
			file, err := modelfile.Read(files[0])
			if err != nil && isNetwork(files[0]) {
				info, err := describeNetwork(files[0])
				if err != nil {
					return err
				}
				return a.print(info, info.text())
			}
			if err != nil {
				return modelError(files[0], err)
			}
			info := describe(files[0], file)
			return a.print(info, info.text())
		},
	}
}

func describe(name string, file *modelfile.File) modelInfo {
	info := modelInfo{
		File: name, Hash: file.Hash, Kind: file.Kind, Spec: file.Spec, Distance: file.Distance,
		Calibration: file.Calibration, Provenance: file.Provenance, Tensors: []tensorInfo{},
	}
	info.Provenance.Learned = nil // thousands of numbers that tell a reader nothing
	if file.Kind == modelfile.Encoder && file.Distance == "" {
		info.Distance = distance.PairHeadName
	}
	for name, network := range file.Networks {
		if info.Networks == nil {
			info.Networks = map[string]int{}
		}
		info.Networks[name] = len(network)
	}
	for _, t := range file.Weights {
		info.Parameters += len(t.Values)
		info.Tensors = append(info.Tensors, tensorInfo{t.Name, t.Shape})
	}
	return info
}

// what says in words what the spec says. The architecture may be one that this program does not know.
func (i modelInfo) what() string {
	var spec encoder.Spec
	if err := json.Unmarshal(i.Spec, &spec); i.Kind != modelfile.Encoder || err != nil {
		return string(i.Spec)
	}
	if spec.Vector > 0 {
		return fmt.Sprintf("%s, %d numbers, vectors of %d", spec.Arch, spec.Dim, spec.Vector)
	}
	p := spec.Preprocess
	text := fmt.Sprintf("%s, %d numbers, %d×%d pixels, %d channel(s)", spec.Arch, spec.Dim, p.Height, p.Width, p.Channels)
	if spec.Precision != "" {
		text += ", computed in " + spec.Precision
	}
	return text
}

func (i modelInfo) text() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	row(i.Kind, "%s", i.what())
	row("weights", "%d in %d tensors", i.Parameters, len(i.Tensors))
	for _, name := range slices.Sorted(maps.Keys(i.Networks)) {
		row("network", "%s, %d bytes of ONNX", name, i.Networks[name])
	}
	if i.Kind != coseg.Kind {
		row("distance", "%s", cmp.Or(i.Distance, "none"))
	}
	switch c := i.Calibration; {
	case i.Kind == coseg.Kind:
		row("presence", "from %v on an object counts as there", coseg.DefaultPresence)
		if c != nil {
			row("chosen for", "%s", c.Rule)
			row("expect", "%s", presenceRates(c))
			row("measured on", "%d pairs of %d %s: %s", c.Pairs, c.Units, c.Unit, c.DataSet)
		}
	case c == nil:
		row("threshold", "none")
	case c.Pairs == 0:
		row("threshold", "%s, not measured here", thresholdText(c.Threshold))
	case c.Units == 0: // of an earlier program, which counted pairs of the same people as if they were of others
		row("threshold", "%.4f: FMR %.2f %%, FNMR %.2f %% on %d pairs of %s, by a program that claimed too little: siam calibrate measures again", c.Threshold, 100*c.FMR, 100*c.FNMR, c.Pairs, c.DataSet)
	default:
		row("threshold", "%s, chosen for %s", thresholdText(c.Threshold), c.Rule)
		row("expect", "%s", ratesText(c))
		row("measured on", "%d pairs of %d %s: %s", c.Pairs, c.Units, c.Unit, c.DataSet)
	}
	if by := i.Provenance; by.Recipe != "" {
		row("made by", "recipe %s on %s, seed %d, %d steps, commit %s", by.Recipe, by.DataSet, by.Seed, by.Steps, by.Commit)
	}
	row("hash", "%s", i.Hash)
	return b.String()
}
