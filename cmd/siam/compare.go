package main

import (
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
			images, err := readImages(cmd.Context(), files, model.Spec().Preprocess.Enough)
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
