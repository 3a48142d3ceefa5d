package coseg

import (
	"encoding/json"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// Batch is n pairs of images. Row i and row n+i are the images of pair i.
type Batch struct {
	N       int
	Images  []float32 // [2n, h, w, 3], as Spec.Preprocess makes them
	Masks   []float32 // [2n, h, w] of the size of the mask logits: the share of each pixel that is object, in [0, 1]
	Weights []float32 // as Masks: how much each pixel counts, 0 where it is void
	Objects []float32 // as Masks: the share of each pixel that is the object of the image's class, shared or not
	Classes []int32   // [2n]: images of the same number show the same
}

// Pairs trains a [Network] on pairs of images. It is a [train.Task].
type Pairs struct {
	Network Network
	// Overlap is how much the loss of the masks' overlap, [Overlap], counts beside the cross-entropy; 0 leaves it out, as published.
	Overlap float64
	// Likeness is how much the loss of the objects' likeness, [Likeness], counts, where the network's spec asks for it; 0 leaves it out,
	// as published.
	Likeness float64
}

// Declare implements [train.Task].
func (p Pairs) Declare(backend compute.Backend, store *model.Store) error {
	if err := p.Network.Spec.Check(); err != nil {
		return err
	}
	return encoder.Record(backend, store, func(scope *model.Scope, g *Graph) {
		pre := p.Network.Spec.Preprocess
		p.compare(scope, Parameter(g, "images", shapes.Make(dtypes.Float32, 2, pre.Height, pre.Width, 3)))
	})
}

// Feed implements [train.Task].
func (p Pairs) Feed(b *Batch) ([]*tensors.Tensor, error) {
	pre := p.Network.Spec.Preprocess
	h, w := p.Network.Spec.OutputSize()
	if len(b.Images) != 2*b.N*pre.Size() || len(b.Masks) != 2*b.N*h*w || len(b.Weights) != len(b.Masks) || len(b.Objects) != len(b.Masks) || len(b.Classes) != 2*b.N {
		return nil, fmt.Errorf("batch of %d pairs with %d numbers of images, %d of masks, %d of weights, %d of objects and %d classes", b.N, len(b.Images), len(b.Masks), len(b.Weights),
			len(b.Objects), len(b.Classes))
	}
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.Images, 2*b.N, pre.Height, pre.Width, 3),
		tensors.FromFlatDataAndDimensions(b.Masks, 2*b.N, h, w),
		tensors.FromFlatDataAndDimensions(b.Weights, 2*b.N, h, w),
		tensors.FromFlatDataAndDimensions(b.Objects, 2*b.N, h, w),
		tensors.FromFlatDataAndDimensions(b.Classes, 2*b.N),
	}, nil
}

// compare gives the mask logits [2n, h, w] of n pairs and what the encoder made of their images: each is encoded once and compared with the other
// of its pair.
func (p Pairs) compare(scope *model.Scope, images *Node) (logits *Node, maps []*Node) {
	maps = p.Network.Encode(scope, images)
	b := make([]*Node, len(maps))
	n := images.Shape().Dim(0) / 2
	for i, m := range maps {
		b[i] = Concatenate([]*Node{Slice(m, AxisRange(n)), Slice(m, AxisRange(0, n))}, 0)
	}
	return p.Network.Compare(scope, maps, b), maps
}

// Loss implements [train.Task]: the binary cross-entropy of the pixels that count, mean over an image's and over pairs, added over the
// two images of a pair; and the losses of their overlap and of likeness, where asked for. Active is the part of these pixels that is
// answered wrongly.
func (p Pairs) Loss(scope *model.Scope, inputs []*Node) train.Outcome {
	x, maps := p.compare(scope, inputs[0])
	mask, weight := inputs[1], inputs[2]
	perImage := func(v *Node) *Node {
		counted := MaxScalar(ReduceSum(weight, 1, 2), 1)
		return Div(ReduceSum(Mul(v, weight), 1, 2), counted)
	}
	loss := MulScalar(ReduceAllMean(perImage(CrossEntropy(x, mask))), 2)
	if p.Overlap > 0 {
		loss = Add(loss, MulScalar(ReduceAllMean(Overlap(x, mask, weight)), 2*p.Overlap))
	}
	if p.Likeness > 0 && p.Network.Spec.Likeness {
		loss = Add(loss, MulScalar(Likeness(maps[p.Network.maps(len(maps)):], inputs[3], inputs[4]), p.Likeness))
	}
	wrong := MulScalar(OneMinus(Mul(Sign(x), Sign(AddScalar(mask, -0.5)))), 0.5)
	return train.Outcome{Loss: loss, Active: ReduceAllMean(perImage(StopGradient(wrong)))}
}

// likenessTemperature is that of the contrastive loss.
const likenessTemperature = 0.1

// Likeness is the supervised contrastive loss ([metric.SupCon], cosine distance) of the images' objects, each the directions of the means of
// maps [2n, h, w, c] over the object [2n, H, W], one after another. It makes objects of a class alike, and those of others not, wherever
// they come together in a batch; what two images share is then to be seen from the maps.
func Likeness(maps []*Node, objects, classes *Node) *Node {
	parts := metric.SupCon(likenessTemperature).Terms(metric.Within(metric.Cosine(), directions(maps, objects), classes))
	return Div(ReduceAllSum(parts[0].Sum), MaxScalar(ReduceAllSum(parts[0].Count), 1))
}

// directions are those of the means of maps [n, h, w, c] over objects [n, H, W], a share of each pixel: one map's after another's.
func directions(maps []*Node, objects *Node) *Node {
	var means []*Node
	for _, x := range maps {
		d := x.Shape().Dimensions
		times := objects.Shape().Dim(1) / d[1]
		share := ReduceMean(Reshape(objects, d[0], d[1], times, d[2], times), 2, 4)
		means = append(means, normalized(ReduceSum(Mul(x, InsertAxes(share, -1)), 1, 2))) // their length does not count
	}
	return Concatenate(means, -1)
}

// CrossEntropy is −[y·log σ(x) + (1−y)·log(1 − σ(x))] of logits x and targets y in [0, 1], finite for every x.
func CrossEntropy(x, y *Node) *Node {
	return Sub(Add(MaxScalar(x, 0), Log1p(Exp(Neg(Abs(x))))), Mul(x, y))
}

// Overlap is the loss [n] of masks by how far they and the true ones lie over each other, the soft form of the Jaccard index
// (M. Rahman, Y. Wang, "Optimizing intersection-over-union in deep neural networks", ISVC 2016, equations 3 to 5):
//
//	1 − (Σ w·p·y + 1) / (Σ w·(p + y − p·y) + 1),  p = σ(x)
//
// of logits x, targets y and weights w, all [n, h, w]. The 1 makes an empty mask right where the true one is empty.
func Overlap(x, y, weight *Node) *Node {
	p := Sigmoid(x)
	both := Mul(p, y)
	sum := func(v *Node) *Node { return AddScalar(ReduceSum(Mul(weight, v), 1, 2), 1) }
	return OneMinus(Div(sum(both), sum(Sub(Add(p, y), both))))
}

// Identity implements [train.Identified].
func (p Pairs) Identity() string {
	text, _ := json.Marshal(p.Network.Spec) // numbers and words always encode
	return string(text)
}
