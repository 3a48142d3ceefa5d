package main

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// tripletSpec is the encoder of the network given in class: the same layers without the head, its vectors scaled to length 1, so that
// no distance can grow by making vectors longer.
func tripletSpec(pairs string) (encoder.Spec, error) {
	file, err := modelfile.Read(pairs)
	if err != nil {
		return encoder.Spec{}, err
	}
	spec, err := encoder.SpecOf(file)
	spec.PairHead, spec.Normalize = false, true
	return spec, err
}

// tripletLoss is equation (2), max{d(a,p) − d(a,n) + m; 0}, of every triplet that the batch's pairs make.
func tripletLoss(m float64) metric.Loss {
	return metric.Loss{
		Name: "triplet", Triplets: true, Collapsed: m,
		Terms: func(pairs metric.Pairs) []metric.Terms {
			return []metric.Terms{pairs.TripletTerms(func(gap *Node) *Node { // d(a,p) − d(a,n)
				return MaxScalar(AddScalar(gap, m), 0)
			})}
		},
	}
}

// tripletTask is what is trained: the encoder, with equation (2) over the triplets that count.
func tripletTask(spec encoder.Spec, mine string, m float64) (train.Labels, error) {
	miners := map[string]metric.Miner{"all": metric.All(), "semi-hard": metric.SemiHard(m), "hard": metric.Hard()}
	miner, known := miners[mine]
	if !known {
		return train.Labels{}, fmt.Errorf("-mine %s: want all, semi-hard or hard", mine)
	}
	task := train.Labels{Spec: spec, Objective: metric.Objective{
		Distance: metric.SquaredEuclidean(), Miner: miner, Loss: tripletLoss(m), Reducer: metric.MeanActive(),
	}}
	if mine == "hard" {
		task.Miners = []metric.Miner{metric.SemiHard(m), metric.All()} // to step back to after a collapse
	}
	return task, nil
}
