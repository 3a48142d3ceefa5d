package coseg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
	"github.com/siam-go/siam/train"
)

// NewNetwork makes a network of a spec and, for a Pyramid, the ONNX file of its encoder.
func NewNetwork(backend compute.Backend, spec Spec, imported []byte) (Network, error) {
	n := Network{Spec: spec}
	if err := spec.Check(); err != nil || spec.Arch != Pyramid {
		return n, err
	}
	if imported == nil {
		return n, errors.New("this architecture has an imported feature pyramid for its encoder: import one with siam import --onnx, and start from it")
	}
	m, err := onnx.Decode(imported)
	if err != nil {
		return n, fmt.Errorf("the encoder's ONNX network: %w", err)
	}
	if n.Imported, err = m.Select(backend, spec.Outputs...); err != nil {
		return n, fmt.Errorf("the encoder's ONNX network: %w", err)
	}
	return n, nil
}

// NewFile is the model file of a network with these weights.
func NewFile(spec Spec, weights []modelfile.Tensor, imported []byte) (*modelfile.File, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	f := &modelfile.File{Kind: Kind, Spec: text, Weights: weights}
	if spec.Arch == Pyramid {
		f.Networks = map[string][]byte{encoder.EncoderNetwork: imported}
	}
	return f, nil
}

// SpecOf is the spec of a model file, checked.
func SpecOf(file *modelfile.File) (Spec, error) {
	var spec Spec
	if file.Kind == EncoderKind {
		return spec, errors.New("the model is VGG16's convolutions alone: start from it with siam train coseg-docs --init")
	}
	if file.Kind != Kind {
		return spec, fmt.Errorf("the model is of kind %q, none for co-segmentation: train one with siam train coseg-small", file.Kind)
	}
	if err := file.DecodeSpec(&spec); err != nil {
		return spec, err
	}
	return spec, spec.Check()
}

// Model segments with fixed weights. It is safe for use by several goroutines, one of which computes at a time.
type Model struct {
	Spec Spec
	// Untrained says that the model is an encoder alone, which has learned nothing of masks.
	Untrained bool
	// Threshold is the presence, in [0, 1], from which an object counts as there.
	Threshold float64
	offset    float64
	turn      sync.Mutex
	store     *model.Store
	encode    *model.Exec
	correlate *model.Exec
	compare   *model.Exec
}

// New makes a model of a model file: of one for co-segmentation, or of an imported encoder with feature maps, which is [Model.Untrained].
// The error says what of it does not fit.
func New(backend compute.Backend, file *modelfile.File) (*Model, error) {
	if file.Kind == modelfile.Encoder {
		return newUntrained(backend, file)
	}
	spec, err := SpecOf(file)
	if err != nil {
		return nil, err
	}
	network, store, err := stored(backend, spec, file)
	if err != nil {
		return nil, err
	}
	m := &Model{Spec: spec, store: store, Threshold: DefaultPresence, offset: offset(file)}
	return m, m.build(backend, network)
}

// stored is a file's network with the store of its weights.
func stored(backend compute.Backend, spec Spec, file *modelfile.File) (n Network, store *model.Store, err error) {
	if n, err = NewNetwork(backend, spec, file.Networks[encoder.EncoderNetwork]); err != nil {
		return n, nil, err
	}
	store, err = train.NewStore(backend, train.Task[*Batch](Pairs{Network: n}), file.Weights)
	return n, store, err
}

// DefaultPresence is the presence from which an object counts as there.
const DefaultPresence = 0.5

// offset is the logit that a file's calibration makes the middle: its distance is 1 less the probability of that.
func offset(file *modelfile.File) float64 {
	if file.Calibration == nil {
		return 0
	}
	d := min(max(float64(file.Calibration.Threshold), 1e-9), 1-1e-9)
	return math.Log((1 - d) / d)
}

// PresenceBefore is the presence that a file's model, before its calibration was changed from another, which may be nil, gave to what now has
// [DefaultPresence].
func PresenceBefore(file *modelfile.File, was *modelfile.Calibration) float64 {
	before := *file
	before.Calibration = was
	return logistic(offset(file) - offset(&before))
}

// SetCalibration gives a file the logit of [Model.Sureness] from which two images share something.
func SetCalibration(file *modelfile.File, logit float64, c modelfile.Calibration) {
	c.Threshold = float32(1 - logistic(logit))
	file.Calibration = &c
}

// Close frees the model.
func (m *Model) Close() {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.encode.Finalize()
	m.correlate.Finalize()
	m.compare.Finalize()
	m.store.Finalize()
}

// Encoded is an image as the network compares it, and after it its mirror image.
type Encoded struct {
	input     imgproc.Preprocess
	view      imgproc.View
	grey      imgproc.Image // by which masks are refined
	plain     bool          // it is of one colour, and so shows nothing
	maps      []onnx.Array  // [2, h, w, c], from fine to coarse
	projected []onnx.Array  // [2, h, w, c], from coarse to fine
}

// Size is the image's height and width in pixels.
func (e Encoded) Size() (h, w int) { return e.grey.H, e.grey.W }

// Encode makes an image ready to be compared. It fails on an image without pixels, and when ctx has ended.
func (m *Model) Encode(ctx context.Context, image imgproc.Image) (e Encoded, err error) {
	if err := ctx.Err(); err != nil {
		return e, err
	}
	if err := image.Check(); err != nil {
		return e, err
	}
	e.input = m.Spec.Preprocess
	e.view, e.grey, e.plain = e.input.View(image, imgproc.Identity(), nil), image.Grey(), plain(image)
	size := e.input.Size()
	input := make([]float32, 2*size)
	e.view.Image(input[:size], image)
	mirror(input[size:], input[:size], e.input.Width, 3)
	m.turn.Lock()
	defer m.turn.Unlock()
	err = exceptions.TryCatch[error](func() {
		t := tensors.FromFlatDataAndDimensions(input, 2, e.input.Height, e.input.Width, 3)
		defer t.MustFinalizeAll()
		for _, out := range m.encode.MustCall(t) {
			e.maps = append(e.maps, onnx.Array{Shape: out.Shape().Dimensions, Values: tensors.MustCopyFlatData[float32](out)})
			out.MustFinalizeAll()
		}
	})
	for i, x := range e.maps {
		if len(x.Shape) != 4 {
			return e, fmt.Errorf("output %s of the encoder has shape %v: want a feature map", m.Spec.Outputs[i], x.Shape)
		}
	}
	maps := Network{Spec: m.Spec}.maps(len(e.maps))
	e.maps, e.projected = e.maps[:maps], e.maps[maps:]
	return e, err
}

// plain says whether all pixels are the same.
func plain(image imgproc.Image) bool {
	pixels := image.H * image.W * image.C
	return bytes.Equal(image.Pix[:pixels-image.C], image.Pix[image.C:pixels])
}

// mirror writes rows of w pixels of c numbers from right to left.
func mirror[T any](dst, src []T, w, c int) {
	for i := range len(src) / c {
		copy(dst[(i/w*w+w-1-i%w)*c:][:c], src[i*c:])
	}
}

// Logits are the mask logits [h, w] of image a, as [Spec.OutputSize] says, of what b shows too: the mean of those of the images and of
// their mirror images. It fails when ctx has ended, and when the model is [Model.Untrained].
func (m *Model) Logits(ctx context.Context, a, b Encoded) (logits []float32, err error) {
	if m.Untrained {
		return nil, errors.New("the model is an encoder alone, which has learned nothing of masks")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.turn.Lock()
	defer m.turn.Unlock()
	var both []float32
	err = exceptions.TryCatch[error](func() {
		var inputs []*tensors.Tensor
		for _, e := range []Encoded{a, b} {
			for _, x := range slices.Concat(e.maps, e.projected) {
				t := tensors.FromFlatDataAndDimensions(x.Values, x.Shape...)
				defer t.MustFinalizeAll()
				inputs = append(inputs, t)
			}
		}
		out := m.compare.MustCall(inputs)[0]
		defer out.MustFinalizeAll()
		both = tensors.MustCopyFlatData[float32](out)
	})
	if err != nil {
		return nil, err
	}
	_, w := m.Spec.OutputSize()
	logits = make([]float32, len(both)/2)
	mirror(logits, both[len(logits):], w, 1)
	for i, v := range both[:len(logits)] {
		logits[i] = (logits[i] + v) / 2
	}
	return logits, nil
}

// logistic makes a probability of a logit.
func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
