package main

import (
	"image"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/imgproc"
	"github.com/spf13/cobra"
)

func (a *app) compareCommand() *cobra.Command {
	var modelFile string
	cmd := &cobra.Command{
		Use:   "compare --model M A B",
		Short: "are two images the same? exit code 0 for same, 3 for different",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, files []string) error {
			model, err := a.openModel(modelFile)
			if err != nil {
				return err
			}
			defer model.Close()
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
	return cmd
}

func addModelFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "model", "m", "", "model file, as siam train wrote it")
}

// openModel opens a model file on the backend that the flags ask for.
func (a *app) openModel(file string) (*siam.Model, error) {
	if file == "" {
		return nil, usagef("--model is missing: name a model file, such as one that siam train wrote")
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, err
	}
	return siam.Open(file, siam.WithBackend(backend))
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
