package onnx

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
)

// Findings say what a network does with images, as [Import] found when it tried.
type Findings struct {
	Outputs []Output
	// OneByOne says why images must go through one by one; it is empty when they go through together.
	OneByOne string
}

// Output is what a network gives for one image.
type Output struct {
	Name  string
	Shape []int // laid out as [Model.Build] says
	Kind  string
}

// The kinds of output: a vector, numbers for each pixel of a smaller image [1, h, w, c], numbers for each part of the image
// [1, t, c], and all else.
const (
	Vector = "vector"
	Map    = "map"
	Tokens = "tokens"
	Other  = "other"
)

// ErrPreprocessing says that images have to be prepared otherwise for a network; what comes before it says how.
var ErrPreprocessing = errors.New("preprocessing")

// ErrNoEmbedding says that a network has no vector as its result.
var ErrNoEmbedding = errors.New("the network makes no embedding: pool its output, or choose another tensor as the output")

// String is such as "output y is a map [1 6 6 4]".
func (o Output) String() string {
	is := map[string]string{Vector: "a vector", Map: "a map", Tokens: "tokens", Other: "numbers"}[o.Kind]
	return fmt.Sprintf("output %s is %s %v", o.Name, is, o.Shape)
}

// kindOf names the kind of an output for one image.
func kindOf(shape []int) string {
	rank := len(shape)
	switch {
	case rank >= 1 && slices.Max(shape) == product(shape):
		return Vector
	case rank == 4 && shape[0] == 1:
		return Map
	case rank == 3 && shape[0] == 1:
		return Tokens
	}
	return Other
}

// try runs the network on pictures of noise, one by one and together, and describes it as an encoder.
func (m *Model) try(ctx context.Context, backend compute.Backend, o ImportOptions) (spec encoder.Spec, found Findings, err error) {
	spec = encoder.Spec{Arch: encoder.Imported, Normalize: o.Normalize, Landmarks: o.Landmarks, Pool: o.Pool}
	run, err := NewNetwork(backend, m, o.Outputs...)
	if err != nil {
		return spec, found, err
	}
	defer run.Close()
	spec.Outputs = run.outputs
	if spec.Preprocess, err = run.model.preprocess(*o.Preprocess); err != nil {
		return spec, found, err
	}
	pictures := noise(spec.Preprocess, 2)
	var each [2][]Array
	for i := range each {
		if each[i], err = run.Run(ctx, pictures.part(i)); err != nil {
			return spec, found, err
		}
		if err := run.checkFinite(each[i]); err != nil {
			return spec, found, err
		}
	}
	for i, a := range each[0] {
		found.Outputs = append(found.Outputs, Output{run.outputs[i], a.Shape, kindOf(a.Shape)})
	}
	if batch := run.model.inputs[0].Shape; batch != nil && batch[0] == 1 {
		found.OneByOne = "the file says so"
	} else {
		found.OneByOne = run.together(ctx, pictures, each)
	}
	if err := ctx.Err(); err != nil {
		return spec, found, err
	}
	spec.OneByOne = found.OneByOne != ""
	spec.Dim, err = found.dim(o.Pool)
	return spec, found, err
}

// dim is the length of the embedding that the outputs make, 0 when they make none.
func (f Findings) dim(pool string) (int, error) {
	if len(f.Outputs) != 1 {
		if pool != "" {
			return 0, fmt.Errorf("%d outputs cannot be pooled: choose one", len(f.Outputs))
		}
		return 0, nil
	}
	o := f.Outputs[0]
	switch {
	case pool == "" && o.Kind == Vector:
		return product(o.Shape), nil
	case pool == "":
		return 0, nil
	case pool == "cls" && o.Kind == Tokens, pool == "mean" && (o.Kind == Tokens || o.Kind == Map):
		return o.Shape[len(o.Shape)-1], nil
	}
	return 0, fmt.Errorf("%s, which has nothing to pool with %s: mean is for maps and tokens, cls for tokens", o, pool)
}

// together runs pictures at once and says what is wrong with that, if anything: a network may have one image built in, or let the
// images of a batch change each other.
func (n *Network) together(ctx context.Context, pictures Array, each [2][]Array) string {
	both, err := n.Run(ctx, pictures)
	if err != nil {
		return fmt.Sprintf("it fails with two: %v", err)
	}
	for i, name := range n.outputs {
		got, want := both[i], slices.Concat(each[0][i].Values, each[1][i].Values)
		if len(got.Values) != len(want) || len(got.Shape) == 0 || got.Shape[0] != 2 {
			return fmt.Sprintf("of two, its output %s has the shape %v", name, got.Shape)
		}
		if differ(got.Values, want) {
			return fmt.Sprintf("its output %s for an image depends on the other images of a batch", name)
		}
	}
	return ""
}

// differ says whether numbers are further apart than rounding explains.
func differ(got, want []float32) bool {
	const part = 1e-4 // of the largest number
	largest, worst := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		worst = max(worst, math.Abs(float64(got[i])-float64(want[i])))
	}
	return worst > part*largest
}

// checkFinite reports results that are no numbers, and the weights that are to blame where there are some.
func (n *Network) checkFinite(outputs []Array) error {
	for i, a := range outputs {
		for _, v := range a.Values {
			if v-v == 0 {
				continue
			}
			for name, t := range n.model.initializers {
				if t.Type.real() && slices.ContainsFunc(t.Float32s(), func(w float32) bool { return w != w }) {
					return fmt.Errorf("its tensor %q has NaN among its numbers: the training overflowed, or the file is damaged", name)
				}
			}
			return fmt.Errorf("its output %s has %v among its numbers for a picture of noise: it divides by 0 or overflows", n.outputs[i], v)
		}
	}
	return nil
}

// noise are pictures of random pixels, prepared, each half as bright as the one before.
func noise(p imgproc.Preprocess, count int) Array {
	random := rand.New(rand.NewPCG(1, 2))
	a := Array{[]int{count, p.Height, p.Width, p.Channels}, make([]float32, count*p.Size())}
	for i := range count {
		picture := imgproc.New(p.Height, p.Width, p.Channels)
		for j := range picture.Pix {
			picture.Pix[j] = uint8(random.Uint32()) >> i
		}
		p.Apply(a.Values[i*p.Size():(i+1)*p.Size()], picture)
	}
	return a
}

// part is the i-th picture alone.
func (a Array) part(i int) Array {
	size := product(a.Shape[1:])
	return Array{append([]int{1}, a.Shape[1:]...), a.Values[i*size : (i+1)*size]}
}

func float32Shape(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }
