// Own-task trains what is no metric learning: two pictures of a scene in, the mask of what is new in the second one out.
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/train"
)

const n, side, area = 8, 32, 32 * 32 // scenes in a batch, pixels a side, pixels of a picture

type scenes [3 * n * area]float32 // a batch: n pictures of before, n of after, and n masks
type change struct{}              // the task

// logits are those of the masks. Both pictures go through the same layers, and what these make of them is compared.
func (change) logits(scope *model.Scope, scenes *Node) *Node {
	l := encoder.NewLayers(scope.In("change"))
	conv := func(x *Node, name string) *Node {
		return encoder.ReLU(l.Norm(l.Conv(x, name, encoder.Conv{Filters: 16, Size: 3, Same: true}), name+"_norm"))
	}
	x := conv(conv(Slice(scenes, AxisRange(0, 2*n)), "conv1"), "conv2")
	x = conv(Concatenate([]*Node{Slice(x, AxisRange(0, n)), Slice(x, AxisRange(n))}, -1), "compare")
	return l.Conv(x, "mask", encoder.Conv{Filters: 1, Size: 1, Bias: true})
}

func (c change) Declare(backend compute.Backend, store *model.Store) error {
	return encoder.Record(backend, store, func(scope *model.Scope, g *Graph) { c.logits(scope, ConstTensor(g, must(c.Feed(new(scenes)))[0])) })
}

func (change) Feed(s *scenes) ([]*tensors.Tensor, error) {
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(s[:], 3*n, side, side, 1)}, nil
}

func (c change) Loss(scope *model.Scope, inputs []*Node) train.Outcome { // the cross-entropy of every pixel
	x, mask := c.logits(scope, inputs[0]), Slice(inputs[0], AxisRange(2*n))
	return train.Outcome{Loss: ReduceAllMean(Sub(Add(MaxScalar(x, 0), Log1p(Exp(Neg(Abs(x))))), Mul(x, mask)))}
}

// draw makes the scenes of a step, each with a box that stays, in another light, and one that is new.
func draw(_ context.Context, s *scenes, step int) error {
	*s = scenes{}
	for i := range n * 2 * 64 { // pixels of boxes
		corner := rand.New(rand.NewPCG(uint64(step), uint64(i/64)))
		at := i/128*area + (corner.IntN(24)+i%64/8)*side + corner.IntN(24) + i%8
		stays := float32(1 - i/64%2)
		s[at], s[n*area+at], s[2*n*area+at] = s[at]+stays, 0.7, (1-stays)*(1-s[at])
	}
	return nil
}

func main() {
	ctx, backend, unseen := context.Background(), must(siam.NewBackend("cpu", 0)), new(scenes)
	trainer := must(train.New(backend, change{}, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 5e-3}, StepsPerEpoch: 50}))
	for _, err := range trainer.Steps(ctx, dataset.Prefetch(ctx, dataset.PrefetchOptions{End: 100}, draw)) {
		must(0, err)
	}
	exec := must(model.NewExec(backend, must(train.NewStore(backend, change{}, must(trainer.Weights()))), func(scope *model.Scope, scenes *Node) *Node {
		found, mask := MaxScalar(Sign(change{}.logits(scope, scenes)), 0), Slice(scenes, AxisRange(2*n))
		return Div(ReduceAllSum(Mul(found, mask)), ReduceAllSum(Max(found, mask)))
	}))
	must(0, draw(ctx, unseen, 1000))
	fmt.Printf("of what was found, or is new, in scenes never seen, %.3f is both\n", must(exec.Call1(must(change{}.Feed(unseen))[0])).Value())
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
