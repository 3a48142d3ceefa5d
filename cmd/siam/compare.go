package main

import (
	"errors"
	"fmt"
	"image"
	"io/fs"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/imgproc"
	"github.com/spf13/cobra"
)

func (a *app) compareCommand() *cobra.Command {
	var modelFile string
	var faces faceFlags
	cmd := &cobra.Command{
		Use:   "compare --model M A B",
		Short: "are two images the same? exit code 0 for same, 3 for different",
		Args:  wants("A", "B"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := faces.check(); err != nil {
				return err
			}
			model, closeModel, err := a.openModel(modelFile)
			if err != nil {
				return err
			}
			defer closeModel()
			if faces.faces {
				return a.compareFaces(cmd.Context(), model, faces, files)
			}
			images, err := readImages(files)
			if err != nil {
				return err
			}
			verdict, err := model.Compare(cmd.Context(), images[0], images[1])
			if err != nil {
				return err
			}
			if !verdict.Same {
				a.exit = exitDifferent
			}
			return a.print(verdict, verdict.Sentence()+"\n")
		},
	}
	addModelFlag(cmd, &modelFile)
	faces.add(cmd)
	return cmd
}

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

// modelError tells what to do about a model file that is not there.
func modelError(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no model file %s: check the path, or make a model with siam train", file)
	}
	return err
}

func readImages(files []string) ([]image.Image, error) {
	images := make([]image.Image, len(files))
	for i, file := range files {
		m, err := imgproc.ReadFile(file)
		if err != nil {
			return nil, err
		}
		images[i] = m.GoImage()
	}
	return images, nil
}
