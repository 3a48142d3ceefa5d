package main

import (
	"encoding/json"
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/internal/filekind"
	"github.com/siam-go/siam/modelfile/safetensors"
	"github.com/spf13/cobra"
)

// importedWeights is what siam import --safetensors prints as JSON.
type importedWeights struct {
	File string          `json:"file"`
	Hash string          `json:"hash"`
	Kind string          `json:"kind"`
	Spec json.RawMessage `json:"spec"`
}

// checkWeights reports what is wrong with the flags of siam import --safetensors, most of which are for ONNX networks.
func (f importFlags) checkWeights(cmd *cobra.Command) error {
	if f.out == "" {
		return usagef("--out is missing: name the model file to write")
	}
	for _, flag := range []string{"onnx", "preprocess", "output", "pool", "distance", "normalize", "threshold", "align", "detector"} {
		if cmd.Flags().Changed(flag) {
			return usagef("--safetensors goes without --%s", flag)
		}
	}
	return nil
}

// importWeights makes an encoder to start from of another program's weights.
func (a *app) importWeights(f importFlags) error {
	if err := checkOut(f.out); err != nil {
		return err
	}
	a.sayReplaced(f.out)
	weights, err := safetensors.ReadFile(f.safetensors)
	if err != nil {
		switch kind := filekind.Of(f.safetensors); kind {
		case filekind.Safetensors, filekind.Unknown:
			return err
		case filekind.Missing:
			return fmt.Errorf("there is no file %s: check the path", f.safetensors)
		default:
			return fmt.Errorf("%s is %s, no safetensors file: save the weights as one with the Python package safetensors", f.safetensors, kind)
		}
	}
	file, err := coseg.ImportVGG16(weights)
	if err != nil {
		return fmt.Errorf("import %s: %w", f.safetensors, err)
	}
	if err := file.Write(f.out); err != nil {
		return err
	}
	text := fmt.Sprintf("%s: VGG16's convolutions, to start from: siam train coseg-docs --init %s\n", f.out, f.out)
	return a.print(importedWeights{f.out, file.Hash, file.Kind, file.Spec}, text)
}
