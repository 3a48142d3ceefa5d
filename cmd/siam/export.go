package main

import (
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
	"github.com/spf13/cobra"
)

// exportedFiles is what siam export prints as JSON.
type exportedFiles struct {
	File  string `json:"file"`
	Head  string `json:"head,omitempty"`
	Bytes int    `json:"bytes"` // of the encoder, or of the network of co-segmentation
}

func (a *app) exportCommand() *cobra.Command {
	var modelFile, out, head string
	cmd := &cobra.Command{
		Use:   "export --model M --onnx FILE",
		Short: "write a model's network as an ONNX file, for other programs",
		Args:  wants(),
		RunE: func(*cobra.Command, []string) error {
			if modelFile == "" || out == "" {
				return usagef("--model and --onnx are needed: the model to read and the file to write")
			}
			file, err := modelfile.Read(modelFile)
			if err != nil {
				return modelError(modelFile, err)
			}
			return a.export(file, out, head)
		},
	}
	addModelFlag(cmd, &modelFile)
	cmd.Flags().StringVar(&out, "onnx", "", "ONNX `file` to write")
	cmd.Flags().StringVar(&head, "head", "", "ONNX `file` to write the pair head to, which compares two embeddings")
	return cmd
}

func (a *app) export(file *modelfile.File, out, head string) error {
	backend, err := a.newBackend()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	write := onnx.Export
	if file.Kind == coseg.Kind {
		if write = coseg.Export; head != "" {
			return usagef("--head: a model of co-segmentation has no pair head")
		}
	}
	network, err := write(backend, file)
	if err != nil {
		return err
	}
	var headNetwork []byte
	if head != "" {
		if headNetwork, err = onnx.ExportHead(backend, file); err != nil {
			return err
		}
	}
	if err := a.writeOut(out, network); err != nil {
		return err
	}
	text := fmt.Sprintf("%s: %d bytes\n", out, len(network))
	if head != "" {
		if err := a.writeOut(head, headNetwork); err != nil {
			return err
		}
		text += fmt.Sprintf("%s: %d bytes\n", head, len(headNetwork))
	} else if file.Kind == coseg.Kind {
		text += "images a and b, prepared as its metadata siam.preprocess says, to the masks of both; see docs/coseg.md\n"
	} else if file.Distance == "" {
		text += "the model compares embeddings by a pair head, which --head FILE writes\n"
	}
	return a.print(exportedFiles{out, head, len(network)}, text)
}
