// Package modelfile is the one file format of all models: weights and ONNX networks with a spec that only their kind
// understands, how embeddings are compared, the calibrated threshold, how the model was made, and a hash. It knows no architecture.
//
// A model file is a .safetensors file (see [safetensors]): weights are its F32 tensors, and what is not a tensor is JSON in its
// metadata.
package modelfile

import (
	"encoding/json"
)

// File is what a model file holds.
type File struct {
	// Kind says who understands Spec: [Encoder], or another kind of model.
	Kind string
	// Spec says as a JSON object all that is needed to rebuild the model; its weights and networks make it whole. Of an encoder it
	// is an [encoder.Spec].
	Spec json.RawMessage
	// Distance names how two embeddings are compared, see [distance.ByName]; empty when the model compares them itself.
	Distance string
	// Calibration is nil for a model whose threshold was never chosen.
	Calibration *Calibration
	Provenance  Provenance
	Weights     []Tensor
	// Networks are ONNX files that the model needs, by what they are for.
	Networks map[string][]byte
	// Hash identifies what embeddings and distances depend on: Kind, Spec, Distance, Weights and Networks. It is the SHA-256 in
	// hexadecimal; Write and Read set it. Embeddings of models with different hashes must not be compared, unless one is among the
	// other's Provenance.Compatible.
	Hash string
}

// Encoder is the File.Kind of models that turn what they are given into embeddings.
const Encoder = "encoder"

// Calibration is a threshold and the error rates to expect of it: two images are the same when their distance is at most
// Threshold. The rates are of people, or of characters of alphabets, that had no part in choosing it.
type Calibration struct {
	Threshold float32 `json:"threshold"`
	FMR       float64 `json:"fmr"`   // false match rate in [0, 1]: different pairs at or below the threshold
	FNMR      float64 `json:"fnmr"`  // false non-match rate in [0, 1]: same pairs above the threshold
	Pairs     int     `json:"pairs"` // how many pairs were measured
	DataSet   string  `json:"data_set,omitempty"`
	// The 95 % intervals of the rates are by units, of what Unit names: identities, or alphabets. Files of earlier programs lack them.
	FMRInterval  [2]float64 `json:"fmr_ci95,omitzero"`
	FNMRInterval [2]float64 `json:"fnmr_ci95,omitzero"`
	Units        int        `json:"units,omitempty"`
	Unit         string     `json:"unit,omitempty"`
	Rule         string     `json:"rule,omitempty"` // by which the threshold was chosen, in words
}

// Provenance says how a model was made.
type Provenance struct {
	Recipe   string            `json:"recipe,omitempty"`
	DataSet  string            `json:"data_set,omitempty"`
	Seed     uint64            `json:"seed"`
	Steps    int               `json:"steps,omitempty"`
	Commit   string            `json:"commit,omitempty"` // of the program
	Settings map[string]string `json:"settings,omitempty"`
	Learned  Learned           `json:"learned,omitempty"`
	// Compatible are the hashes of older models whose embeddings may be compared with this one's.
	Compatible []string `json:"compatible,omitempty"`
}

// Tensor is one named array of weights: a variable's path in its store without the leading slash, such as
// "encoder/conv1/weights", its shape, and its values row by row. Convolution kernels are [height, width, in, out], dense
// weights [in, out].
type Tensor struct {
	Name   string
	Shape  []int
	Values []float32
}
