package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/internal/filekind"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
	"github.com/spf13/cobra"
)

func addModelFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "model", "m", "", "model `file`, as siam train wrote it")
}

// openModel opens a model file on the backend that the flags ask for. What it returns besides the model closes both.
func (a *app) openModel(file string) (*siam.Model, func(), error) {
	if file == "" {
		return nil, nil, usagef("--model is missing: name a model file, such as one that siam train wrote")
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, nil, err
	}
	model, err := siam.Open(file, siam.WithBackend(backend))
	if err != nil {
		backend.Finalize()
		return nil, nil, modelError(file, err)
	}
	return model, func() { model.Close(); backend.Finalize() }, nil
}

// readModelFile reads the model file that a flag names, nil when it names none.
func readModelFile(name string) (*modelfile.File, error) {
	if name == "" {
		return nil, nil
	}
	file, err := modelfile.Read(name)
	if err != nil {
		return nil, modelError(name, err)
	}
	return file, nil
}

// modelError tells what to do about a model file that is not there, or that is a network yet to be imported.
func modelError(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no model file %s: check the path, or make a model with siam train", file)
	}
	if isNetwork(file) {
		return fmt.Errorf("%s is an ONNX network, no model file: make a model of it with siam import --onnx %s", file, file)
	}
	const want = "want one that siam train or siam import wrote"
	switch kind := filekind.Of(file); kind {
	case filekind.Model:
		return err // a damaged one
	case filekind.Unknown:
		return fmt.Errorf("%w: %s", err, want)
	case filekind.Folder:
		return fmt.Errorf("%s is a folder, no model file: name the model file in it", file)
	case filekind.Empty, filekind.WebPage:
		return fmt.Errorf("%s is %s, no model file: copy or download it again", file, kind)
	case filekind.Pointer:
		return fmt.Errorf("%s is %s, no model file: fetch the file itself with git lfs pull", file, kind)
	case filekind.Checkpoint:
		return fmt.Errorf("%s is %s, no model file yet: finish it with siam train --resume", file, kind)
	case filekind.Safetensors, filekind.Torch, filekind.Pickle, filekind.HDF5, filekind.TFLite:
		return fmt.Errorf("%s is %s, no Siam model: export that network as ONNX there, and make a model of it with siam import --onnx", file, kind)
	case filekind.Zip, filekind.Gzip, filekind.Tar, filekind.OtherPack:
		return fmt.Errorf("%s is %s, no model file: unpack it, and name the model file in it", file, kind)
	case filekind.Database:
		return fmt.Errorf("%s is %s, no model file: name a store of galleries with --db sqlite:%s", file, kind, file)
	default:
		return fmt.Errorf("%s is %s, no model file: %s", file, kind, want)
	}
}

// readNetwork reads the ONNX file that a flag names.
func readNetwork(file string) (*onnx.Model, error) {
	network, err := onnx.ReadFile(file)
	if err == nil {
		return network, nil
	}
	const want = "want a file that torch.onnx.export or another exporter wrote"
	switch kind := filekind.Of(file); kind {
	case filekind.ONNX, filekind.Unknown:
		return nil, err
	case filekind.Missing:
		return nil, fmt.Errorf("there is no network %s: check the path", file)
	case filekind.Folder:
		return nil, fmt.Errorf("%s is a folder, no ONNX network: name the .onnx file in it", file)
	case filekind.Empty, filekind.WebPage:
		return nil, fmt.Errorf("%s is %s, no ONNX network: copy or download it again", file, kind)
	case filekind.Pointer:
		return nil, fmt.Errorf("%s is %s, no ONNX network: fetch the file itself with git lfs pull", file, kind)
	case filekind.Model:
		return nil, fmt.Errorf("%s is %s already: use it with --model", file, kind)
	case filekind.Safetensors, filekind.Torch, filekind.Pickle, filekind.HDF5, filekind.TFLite:
		return nil, fmt.Errorf("%s is %s, no ONNX network: export it as ONNX first", file, kind)
	default:
		return nil, fmt.Errorf("%s is %s, no ONNX network: %s", file, kind, want)
	}
}

// warnOfLearned says how many of the judged classes the model was made from: figures on them flatter it.
func (a *app) warnOfLearned(model *siam.Model, names []string) {
	if learned := judge.Learned(model, names); learned > 0 {
		a.say("note: the model was made from %d of the %d classes that judge it here, so these figures flatter it", learned, len(names))
	}
}

// isNetwork says whether a file is an ONNX network, by its name or by what it holds.
func isNetwork(file string) bool {
	if filepath.Ext(file) == ".onnx" {
		return true
	}
	_, err := onnx.ReadFile(file)
	return err == nil
}
