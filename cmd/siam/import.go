package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/onnx"
	"github.com/spf13/cobra"
)

// importFlags are those of siam import.
type importFlags struct {
	onnx, safetensors, out, preprocess, distance, align, detector, pool string
	outputs                                                             []string
	normalize                                                           bool
	threshold                                                           float32
}

// importedModel is what siam import prints as JSON.
type importedModel struct {
	File    string       `json:"file"`
	Hash    string       `json:"hash"`
	Spec    encoder.Spec `json:"spec"`
	Outputs []outputInfo `json:"outputs"`
	// OneByOne says why images go through the network one by one; empty where they go through together.
	OneByOne string `json:"one_by_one,omitempty"`
}

// outputInfo is an output of the network for one image.
type outputInfo struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Kind  string `json:"kind"` // vector, map, tokens or other
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import --onnx FILE --preprocess TEXT --out MODEL",
		Short: "make a model of an ONNX network: an encoder, a detector or a feature pyramid",
		Long: `Makes a model of an ONNX network: an encoder, a detector or a feature pyramid. With --precision the model keeps what its products are
computed in, wherever it is opened; a processor without such products computes in float32.

With --safetensors, of torchvision's weights of VGG16, the encoder that a training of the recipe coseg-docs starts from with --init.`,
		Example: `  siam import --onnx face.onnx --preprocess bgr,range=0..255 --align retail --detector yunet.onnx --threshold 0.7 --out face.safetensors
  siam compare --model face.safetensors --faces a.jpg b.jpg`,
		Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.safetensors != "" {
				if err := f.checkWeights(cmd); err != nil {
					return err
				}
				return a.importWeights(f)
			}
			if f.onnx == "" || f.out == "" {
				return usagef("--onnx and --out are needed: the network to read and the model file to write")
			}
			options, err := f.options(cmd, a.precision)
			if err != nil {
				return err
			}
			return a.importNetwork(cmd.Context(), f, options)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.onnx, "onnx", "", "ONNX `file` to read")
	flags.StringVar(&f.safetensors, "safetensors", "", "safetensors `file` of torchvision's VGG16 to read instead")
	flags.StringVarP(&f.out, "out", "o", "", "model `file` to write")
	flags.StringVar(&f.preprocess, "preprocess", "", preprocessHelp)
	flags.StringSliceVar(&f.outputs, "output", nil, "`name` of the tensor that is wanted, such as the embedding; several, or all, for a detector or a pyramid")
	flags.StringVar(&f.pool, "pool", "", "how a map or tokens become an embedding: mean of all places, or cls, the first token")
	flags.StringVar(&f.distance, "distance", "", "how embeddings are compared: cosine when not given")
	flags.BoolVar(&f.normalize, "normalize", false, "scale embeddings to length 1")
	flags.Float32Var(&f.threshold, "threshold", 0, "distance up to which two images are the same")
	flags.StringVar(&f.align, "align", "", "where an encoder of faces expects eyes, nose and mouth: arcface, retail, or five points as JSON, [[x, y], ...] in 0..1")
	flags.StringVar(&f.detector, "detector", "", "YuNet ONNX `file` to find faces with, kept in the model")
	return cmd
}

func (f importFlags) options(cmd *cobra.Command, precision string) (o onnx.ImportOptions, err error) {
	o.Outputs, o.Distance, o.Normalize, o.Pool = f.outputs, f.distance, f.normalize, f.pool
	if err := checkPrecision(precision); err != nil {
		return o, err
	}
	if precision != "fp32" {
		o.Precision = precision
	}
	if f.pool != "" && f.pool != "mean" && f.pool != "cls" {
		return o, usagef("--pool %s: want mean or cls", f.pool)
	}
	if f.distance != "" {
		if _, err := distance.ByName(f.distance); err != nil {
			return o, usagef("--distance: %w", err)
		}
	}
	if cmd.Flags().Changed("threshold") {
		o.Threshold = &f.threshold
	}
	if f.preprocess != "" {
		p, err := parsePreprocess(f.preprocess)
		if err != nil {
			return o, err
		}
		o.Preprocess = &p
	}
	if o.Landmarks, err = parseAlign(f.align); err != nil {
		return o, err
	}
	if f.detector != "" {
		o.Detector, err = readDetector(f.detector)
	}
	return o, err
}

func parseAlign(text string) ([][2]float64, error) {
	var points [][2]float64
	switch text {
	case "":
		return nil, nil
	case "arcface":
		t := face.ArcFace()
		return t[:], nil
	case "retail":
		t := face.Retail()
		return t[:], nil
	}
	if err := json.Unmarshal([]byte(text), &points); err != nil || len(points) != 5 {
		return nil, usagef("--align %s: want arcface, retail, or five points as JSON", text)
	}
	return points, nil
}

// readDetector reads an ONNX file and makes sure that it is a face detector.
func readDetector(path string) ([]byte, error) {
	m, err := readNetwork(path)
	if err != nil {
		return nil, err
	}
	if err := m.Check(face.Outputs()...); err != nil {
		return nil, fmt.Errorf("%s is not YuNet: %w", path, err)
	}
	return m.Bytes(), nil
}

func (a *app) importNetwork(ctx context.Context, f importFlags, options onnx.ImportOptions) error {
	if err := checkOut(f.out); err != nil {
		return err
	}
	a.sayReplaced(f.out)
	network, err := readNetwork(f.onnx)
	if err != nil {
		return err
	}
	if slices.Equal(options.Outputs, []string{"all"}) {
		options.Outputs = nil
		for _, output := range network.Outputs() {
			options.Outputs = append(options.Outputs, output.Name)
		}
	}
	backend, err := a.backendAt("fp32") // what a network does is to be found in full
	if err != nil {
		return err
	}
	defer backend.Finalize()
	file, found, err := onnx.Import(ctx, backend, network, options)
	if err != nil {
		return importError(f.onnx, err)
	}
	spec, err := encoder.SpecOf(file)
	if err != nil {
		return err
	}
	if err := file.Write(f.out); err != nil {
		return err
	}
	result := importedModel{File: f.out, Hash: file.Hash, Spec: spec, OneByOne: found.OneByOne}
	for _, o := range found.Outputs {
		result.Outputs = append(result.Outputs, outputInfo(o))
	}
	return a.print(result, result.text(found))
}

// importError tells which flags choose.
func importError(file string, err error) error {
	if errors.Is(err, onnx.ErrNoEmbedding) {
		return fmt.Errorf("import %s: %w (--pool mean, --pool cls, --output NAME)", file, err)
	}
	if errors.Is(err, onnx.ErrPreprocessing) {
		return fmt.Errorf("import %s: %w (--preprocess …,size=112x112 or --preprocess …,range=0..255)", file, err)
	}
	return fmt.Errorf("import %s: %w", file, err)
}

func (m importedModel) text(found onnx.Findings) string {
	p := m.Spec.Preprocess
	text := fmt.Sprintf("%s: an imported network for images of %d×%d pixels\n", m.File, p.Width, p.Height)
	for _, output := range found.Outputs {
		text += fmt.Sprintln(output)
	}
	switch {
	case m.Spec.Dim == 0:
		text += "it makes no embeddings: for compare and embed choose one --output, or --pool a map or tokens\n"
	case m.Spec.Pool != "":
		text += fmt.Sprintf("its embeddings are the %s of that, %d numbers\n", m.Spec.Pool, m.Spec.Dim)
	default:
		text += fmt.Sprintf("its embeddings are %d numbers\n", m.Spec.Dim)
	}
	if m.OneByOne != "" {
		return text + fmt.Sprintf("images go through it one by one: %s\n", m.OneByOne)
	}
	return text + "images go through it together, in batches of any size\n"
}
